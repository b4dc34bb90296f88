// wordspot on Android: the one .tflite file, raw samples in, words out.
//
// Copy this file and the model (as app/src/main/assets/model.tflite) into an app, set the package, and add
//   implementation("com.google.ai.edge.litert:litert:1.4.0")             // build.gradle.kts
//   <uses-permission android:name="android.permission.RECORD_AUDIO" />   // AndroidManifest.xml, and ask for it at run time
// Then, on a thread of its own:
//   WordSpotter(context.assets.open("model.tflite").readBytes()).use { it.listen { word -> println(word) } }
package wordspot

import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import java.io.ByteArrayInputStream
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.ArrayDeque
import java.util.zip.ZipInputStream
import kotlin.math.max
import org.json.JSONObject
import org.tensorflow.lite.Interpreter

/** A word at a time in a stream, in seconds from its start. */
data class Detection(val label: String, val timeS: Double, val probability: Float)

/** How a stream is judged: the same names, meanings and defaults as StreamSettings in wordspot's stream.py. */
data class StreamSettings(
    val hopMs: Double = 100.0,
    val averageMs: Double = 400.0,
    val threshold: Float = 0.5f,
    val holdOffMs: Double = 1400.0
)

/** Averages the probabilities of the last windows and says when a word was heard. Knows nothing of Android. */
class Rule(
    private val labels: List<String>,
    private val rateHz: Int,
    private val settings: StreamSettings = StreamSettings(),
    private val thresholds: Map<String, Float> = emptyMap()
) {
    private val averaged = max(1, (settings.averageMs / settings.hopMs + 0.5).toInt())
    private val recent = ArrayDeque<FloatArray>()
    private var lastEnd: Long? = null

    /** Takes the probabilities of the next window, which ends at this sample of the stream. */
    fun next(probabilities: FloatArray, end: Long): Detection? {
        recent.addLast(probabilities)
        if (recent.size > averaged) recent.removeFirst()
        val smoothed = FloatArray(labels.size) { i -> recent.map { it[i] }.average().toFloat() }
        var best = 0
        for (i in smoothed.indices) if (smoothed[i] > smoothed[best]) best = i
        val label = labels[best]
        val heldOff = lastEnd?.let { end - it < settings.holdOffMs * rateHz / 1000 } ?: false
        if (label.startsWith("_") || heldOff || smoothed[best] < thresholds[label] ?: settings.threshold) return null
        lastEnd = end
        return Detection(label, end.toDouble() / rateHz, smoothed[best])
    }
}

/** Cuts a stream of samples into windows of one clip, a new one every hop (not longer than a clip), and judges each. */
class Detector(
    private val clipSamples: Int,
    private val hopSamples: Int,
    private val rule: Rule,
    private val classify: (FloatArray) -> FloatArray
) {
    private val window = FloatArray(clipSamples)
    private var filled = 0
    private var seen = 0L

    /** Samples in [-1, 1), any number of them; calls back for every word. */
    fun feed(samples: FloatArray, count: Int = samples.size, onWord: (Detection) -> Unit) {
        var taken = 0
        while (taken < count) {
            val some = minOf(clipSamples - filled, count - taken)
            System.arraycopy(samples, taken, window, filled, some)
            filled += some
            taken += some
            seen += some
            if (filled < clipSamples) return
            rule.next(classify(window), seen)?.let(onWord)
            System.arraycopy(window, hopSamples, window, 0, clipSamples - hopSamples)
            filled -= hopSamples
        }
    }
}

/** A model file of `wordspot export`, loaded. */
class WordSpotter(model: ByteArray, private val settings: StreamSettings = StreamSettings()) : Closeable {
    private val interpreter = Interpreter(
        ByteBuffer.allocateDirect(model.size).order(ByteOrder.nativeOrder()).apply { put(model); rewind() }
    )
    private val clipSamples = interpreter.getInputTensorFromSignature("waveform", "classify").shape()[1]

    private val files = readFiles(model)

    /** What the outputs stand for: labels.txt, in the zip behind the model. */
    val labels: List<String> = files.getValue("labels.txt").trimEnd('\n').split("\n")

    /** The thresholds that `wordspot set-thresholds` wrote, if it did: in model.json, beside the labels. */
    val thresholds: Map<String, Float> = JSONObject(files.getValue("model.json")).optJSONObject("thresholds")
        ?.let { values -> values.keys().asSequence().associateWith { values.getDouble(it).toFloat() } } ?: emptyMap()

    /** Probabilities of one clip of samples in [-1, 1) at 16 kHz: the front end is inside the model. */
    fun classify(waveform: FloatArray): FloatArray {
        val probabilities = arrayOf(FloatArray(labels.size))
        interpreter.runSignature(mapOf("waveform" to arrayOf(waveform)), mapOf("probabilities" to probabilities), "classify")
        return probabilities[0]
    }

    /** Listens to the microphone until `goOn` says no; the app must have the permission RECORD_AUDIO. */
    @SuppressLint("MissingPermission")
    fun listen(goOn: () -> Boolean = { true }, onWord: (Detection) -> Unit) {
        val hopSamples = Math.round(settings.hopMs * RATE_HZ / 1000).toInt()
        val detector = Detector(clipSamples, hopSamples, Rule(labels, RATE_HZ, settings, thresholds), ::classify)
        val record = AudioRecord(
            MediaRecorder.AudioSource.VOICE_RECOGNITION, // without the phone's noise suppression and gain control
            RATE_HZ, AudioFormat.CHANNEL_IN_MONO, AudioFormat.ENCODING_PCM_16BIT, 2 * RATE_HZ // bytes: one second
        )
        check(record.state == AudioRecord.STATE_INITIALIZED) { "the microphone cannot be opened: is RECORD_AUDIO granted?" }
        val block = ShortArray(hopSamples)
        val samples = FloatArray(hopSamples)
        record.startRecording()
        try {
            while (goOn()) {
                val count = record.read(block, 0, block.size)
                check(count >= 0) { "the microphone stopped with error $count" }
                for (i in 0 until count) samples[i] = block[i] / 32768f
                detector.feed(samples, count, onWord)
            }
        } finally {
            record.release()
        }
    }

    override fun close() = interpreter.close()

    private companion object {
        const val RATE_HZ = 16_000

        /** The files in the zip behind the model, by name. */
        fun readFiles(model: ByteArray): Map<String, String> {
            val mark = byteArrayOf(0x50, 0x4B, 3, 4) // PK: ZipInputStream wants to begin at the first of two such places
            val starts = (model.size - 4 downTo 0).filter { at -> mark.indices.all { model[at + it] == mark[it] } }
            check(starts.size >= 2) { "there is no zip behind the model: is it one of `wordspot export`?" }
            return ZipInputStream(ByteArrayInputStream(model, starts[1], model.size - starts[1])).use { zip ->
                generateSequence { zip.nextEntry }.associate { it.name to zip.readBytes().toString(Charsets.UTF_8) }
            }
        }
    }
}
