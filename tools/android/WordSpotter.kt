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
import java.util.zip.ZipInputStream
import kotlin.math.max
import org.json.JSONObject
import org.tensorflow.lite.Interpreter

/** A word at a time in a stream, in seconds from its start. */
data class Detection(val label: String, val timeS: Double, val probability: Float)

/** How a stream is judged: the same names, meanings and defaults as StreamSettings in wordspot's stream.py. */
data class StreamSettings(
    val hopMs: Double = 100.0,
    val threshold: Float = 0.5f,
    val holdOffMs: Double = 1400.0,
    val pauseBeforeMs: Double = 1000.0,
    val pauseAfterMs: Double = 400.0,
    val pauseDb: Double = 8.0
) {
    companion object {
        /** The settings of `wordspot listen --setting`: longer pauses around a word, or shorter ones. */
        val QUIET_ROOM = StreamSettings(pauseBeforeMs = 1500.0, pauseAfterMs = 500.0, pauseDb = 12.0)
        val RADIO_ON = StreamSettings(pauseBeforeMs = 600.0, pauseAfterMs = 300.0, pauseDb = 6.0)
    }
}

/** What stood alone: first sample of the clip that has it in its middle, and where its window ends. */
data class LoneWord(val start: Long, val end: Long)

/** The last seconds of the stream and how loud they were: finds what stands alone, with quiet before and after it. */
class LoneWords(private val clipSamples: Int, rateHz: Int, private val settings: StreamSettings = StreamSettings()) {
    private val blockSamples = PARTS_PER_BLOCK * Math.round(rateHz / (100.0 * PARTS_PER_BLOCK)).toInt()
    private val hopSamples = Math.round(settings.hopMs * rateHz / 1000).toInt()
    private val before = Math.round(settings.pauseBeforeMs / 10).toInt()
    private val after = Math.round(settings.pauseAfterMs / 10).toInt()
    private val keptBlocks = 2 * ((clipSamples + blockSamples - 1) / blockSamples) + LONGEST_BLOCKS + before
    private val samples = FloatArray(2 * keptBlocks * blockSamples) // moved to its start when it is full
    private val powers = ArrayList<Double>() // of the whole blocks of `samples`
    private val levels = ArrayList<Double>() // of these, in dB
    private var filled = 0
    private var firstBlock = 0L // of `samples`, counted from the beginning of the stream
    private var window = 0L // first sample of the next one
    private var last: Long? = null // where the clip of the last word begins

    /** Takes the next samples of the stream, in [-1, 1); calls back for what stands alone in the windows that became whole. */
    fun feed(more: FloatArray, count: Int, onWord: (LoneWord) -> Unit) {
        var taken = 0
        while (taken < count) {
            if (filled == samples.size) forget()
            val end = window + clipSamples
            val missing = (end - firstBlock * blockSamples - filled).toInt()
            val some = minOf(samples.size - filled, count - taken, missing)
            System.arraycopy(more, taken, samples, filled, some)
            filled += some
            taken += some
            while ((powers.size + 1) * blockSamples <= filled) measure()
            if (some < missing) continue
            find(end)?.let(onWord)
            window += hopSamples
        }
    }

    /** One clip from a sample on, counted from the beginning of the stream. */
    fun clip(start: Long): FloatArray {
        val from = (start - firstBlock * blockSamples).toInt()
        return samples.copyOfRange(from, from + clipSamples)
    }

    /** The new word of the window that ends here, or null. */
    private fun find(end: Long): LoneWord? {
        val first = Math.floorDiv(window + blockSamples - 1, blockSamples.toLong())
        val beyondLast = end / blockSamples // the block after the last one of the window
        var peak = first
        for (block in first until beyondLast) if (level(block) > level(peak)) peak = block
        val limit = level(peak) - settings.pauseDb
        val beyond = stretch(peak, 1, after, beyondLast - after, limit) ?: return null
        val begin = stretch(peak, -1, before, peak - LONGEST_BLOCKS, limit) ?: return null
        val start = max(0L, Math.floorDiv(begin + 1 + beyond, 2L) * blockSamples - clipSamples / 2)
        if (start + clipSamples > end || start == last) return null // not all there yet, or the same word
        last = start
        return LoneWord(start, end)
    }

    /** The power of the next block, and its level with the seven before it. */
    private fun measure() {
        powers.add(power(powers.size * blockSamples))
        val mean = powers.takeLast(BLOCKS_PER_LEVEL).sum() / BLOCKS_PER_LEVEL
        levels.add(10 * Math.log10(max(mean, 1e-12)))
    }

    private fun forget() {
        val surplus = powers.size - keptBlocks
        System.arraycopy(samples, surplus * blockSamples, samples, 0, filled - surplus * blockSamples)
        filled -= surplus * blockSamples
        firstBlock += surplus
        powers.subList(0, surplus).clear()
        levels.subList(0, surplus).clear()
    }

    /** In dB; silence before the stream. */
    private fun level(block: Long): Double = levels.getOrElse((block - firstBlock).toInt()) { QUIETEST_DB }

    /** The first block, going one way from the peak and up to `until`, at which a stretch of quiet begins; or null. */
    private fun stretch(peak: Long, step: Int, length: Int, until: Long, limit: Double): Long? {
        var block = peak
        while (if (step > 0) block <= until else block >= until) {
            if ((0 until length).all { level(block + step * it) < limit }) return block
            block += step
        }
        return null
    }

    /** The mean over a block's four quarters of the mean square of the deviations from their mean. */
    private fun power(from: Int): Double {
        val size = blockSamples / PARTS_PER_BLOCK
        return (0 until PARTS_PER_BLOCK).map { part ->
            val start = from + part * size
            val mean = (start until start + size).map { samples[it].toDouble() }.average()
            (start until start + size).map { (samples[it] - mean) * (samples[it] - mean) }.average()
        }.average()
    }

    private companion object {
        const val PARTS_PER_BLOCK = 4
        const val BLOCKS_PER_LEVEL = 8
        const val LONGEST_BLOCKS = 90
        const val QUIETEST_DB = -120.0
    }
}

/** Says which lone words are detections. Knows nothing of Android. */
class Rule(
    private val labels: List<String>,
    private val rateHz: Int,
    private val settings: StreamSettings = StreamSettings(),
    private val thresholds: Map<String, Float> = emptyMap()
) {
    private var lastEnd: Long? = null

    /** Takes the probabilities of a lone word's clip, and the sample of the stream at which its window ends. */
    fun judge(probabilities: FloatArray, end: Long): Detection? {
        var best = 0
        for (i in probabilities.indices) if (probabilities[i] >= probabilities[best]) best = i
        val label = labels[best]
        val heldOff = lastEnd?.let { end - it < settings.holdOffMs * rateHz / 1000 } ?: false
        if (label.startsWith("_") || heldOff || probabilities[best] < thresholds[label] ?: settings.threshold) return null
        lastEnd = end
        return Detection(label, end.toDouble() / rateHz, probabilities[best])
    }
}

/** Finds words in a stream: the network runs only on what stands alone. */
class Detector(private val loneWords: LoneWords, private val rule: Rule, private val classify: (FloatArray) -> FloatArray) {
    /** Samples in [-1, 1), any number of them; calls back for every word. */
    fun feed(samples: FloatArray, count: Int = samples.size, onWord: (Detection) -> Unit) =
        loneWords.feed(samples, count) { rule.judge(classify(loneWords.clip(it.start)), it.end)?.let(onWord) }
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
        val rule = Rule(labels, RATE_HZ, settings, thresholds)
        val detector = Detector(LoneWords(clipSamples, RATE_HZ, settings), rule, ::classify)
        val record = AudioRecord(
            MediaRecorder.AudioSource.VOICE_RECOGNITION, // without the phone's noise suppression and gain control
            RATE_HZ, AudioFormat.CHANNEL_IN_MONO, AudioFormat.ENCODING_PCM_16BIT, 2 * RATE_HZ // bytes: one second
        )
        check(record.state == AudioRecord.STATE_INITIALIZED) { "the microphone cannot be opened: is RECORD_AUDIO granted?" }
        val block = ShortArray(BLOCK)
        val samples = FloatArray(BLOCK)
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
        const val BLOCK = 1_600 // samples: as often as windows come

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
