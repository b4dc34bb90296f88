"""What a network costs: its parameters and its multiply-accumulates."""

import keras
import tensorflow as tf

_MULTIPLYING = ("Conv2D", "DepthwiseConv2dNative", "MatMul")


def parameters(network: keras.Model) -> int:
    """Trainable ones, as papers count them; running statistics melt into the convolutions when exported."""
    return sum(int(tf.size(variable)) for variable in network.trainable_variables)


def multiply_accumulates(network: keras.Model) -> int:
    """Of the convolutions and dense layers, for one clip; normalization, activations and sums are not counted."""
    frames = tf.TensorSpec((1, *network.input_shape[1:]), tf.float32)  # type: ignore[arg-type]
    graph = tf.function(lambda x: network(x, training=False)).get_concrete_function(frames).graph
    return sum(map(_of_operation, graph.get_operations()))


def _of_operation(operation: tf.Operation) -> int:
    """Every element of a kernel is used once at every place of the output (of every example, for joined examples)."""
    if operation.type not in _MULTIPLYING:
        return 0
    places = operation.outputs[0].shape[:-1].num_elements()
    return operation.inputs[1].shape.num_elements() * places
