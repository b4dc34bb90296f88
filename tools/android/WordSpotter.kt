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

/** The last seconds of the stream and how loud they were: finds a word with quiet before and after it. */
class LoneWords(private val clipSamples: Int, rateHz: Int, private val settings: StreamSettings = StreamSettings()) {
    private val blockSamples = PARTS_PER_BLOCK * Math.round(rateHz / (100.0 * PARTS_PER_BLOCK)).toInt()
    private val before = Math.round(settings.pauseBeforeMs / 10).toInt()
    private val after = Math.round(settings.pauseAfterMs / 10).toInt()
    private val keptBlocks = 2 * ((clipSamples + blockSamples - 1) / blockSamples) + LONGEST_BLOCKS + before + BLOCKS_PER_LEVEL
    private val samples = FloatArray(2 * keptBlocks * blockSamples) // moved to its start when it is full
    private val powers = ArrayList<Double>() // of the whole blocks of `samples`
    private var filled = 0
    private var firstBlock = 0L // of `samples`, counted from the beginning of the stream

    /** Takes the next samples of the stream, in [-1, 1). */
    fun add(more: FloatArray, from: Int, count: Int) {
        var taken = 0
        while (taken < count) {
            if (filled == samples.size) forget()
            val some = minOf(samples.size - filled, count - taken)
            System.arraycopy(more, from + taken, samples, filled, some)
            filled += some
            taken += some
            while ((powers.size + 1) * blockSamples <= filled) powers.add(power(powers.size * blockSamples))
        }
    }

    /** First sample of the clip that has the lone word of the window that ends here in its middle, or null. */
    fun find(end: Long): Long? {
        val windowStart = end - clipSamples
        val first = Math.floorDiv(windowStart + blockSamples - 1, blockSamples.toLong())
        val last = end / blockSamples // one past the last block of the window
        var peak = first
        for (block in first until last) if (level(block) > level(peak)) peak = block
        val limit = level(peak) - settings.pauseDb
        val begin = stretch(peak, -1, before, peak - LONGEST_BLOCKS, limit) ?: return null
        val beyond = stretch(peak, 1, after, last - after, limit) ?: return null
        val middle = Math.floorDiv(begin + 1 + beyond, 2L) * blockSamples
        return max(0L, minOf(middle - clipSamples / 2, windowStart))
    }

    /** One clip from a sample on, counted from the beginning of the stream. */
    fun clip(start: Long): FloatArray {
        val from = (start - firstBlock * blockSamples).toInt()
        return samples.copyOfRange(from, from + clipSamples)
    }

    private fun forget() {
        val surplus = powers.size - keptBlocks
        System.arraycopy(samples, surplus * blockSamples, samples, 0, filled - surplus * blockSamples)
        filled -= surplus * blockSamples
        firstBlock += surplus
        powers.subList(0, surplus).clear()
    }

    /** In dB: of the mean power of a block and the seven before it; silence before the stream. */
    private fun level(block: Long): Double {
        var sum = 0.0
        for (i in block - BLOCKS_PER_LEVEL + 1..block) sum += powers.getOrElse((i - firstBlock).toInt()) { 0.0 }
        return 10 * Math.log10(max(sum / BLOCKS_PER_LEVEL, 1e-12))
    }

    /** The first block, going one way from the peak and up to `until`, at which a stretch of quiet begins; or null. */
    private fun stretch(peak: Long, step: Int, length: Int, until: Long, limit: Double): Long? {
        if (length == 0) return peak + step
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
    }
}

/** Averages the probabilities of the last windows, and says which candidates are detections. Knows nothing of Android. */
class Rule(
    private val labels: List<String>,
    private val rateHz: Int,
    private val settings: StreamSettings = StreamSettings(),
    private val thresholds: Map<String, Float> = emptyMap()
) {
    private val averaged = max(1, (settings.averageMs / settings.hopMs + 0.5).toInt())
    private val recent = ArrayDeque<FloatArray>()
    private var lastEnd: Long? = null
    private var isArmed = true

    /** Takes the probabilities of the next window; says whether to look for a lone word in it. */
    fun isActive(probabilities: FloatArray): Boolean {
        recent.addLast(probabilities)
        if (recent.size > averaged) recent.removeFirst()
        val active = labels.indices.any { i -> isWord(labels[i]) && recent.map { it[i] }.average() >= ACTIVE }
        if (!active) isArmed = true
        return active
    }

    /** Takes the probabilities of the clip around the lone word of the window that ends at this sample of the stream. */
    fun judge(probabilities: FloatArray, end: Long): Detection? {
        var best = 0
        for (i in probabilities.indices) if (probabilities[i] > probabilities[best]) best = i
        val label = labels[best]
        val heldOff = lastEnd?.let { end - it < settings.holdOffMs * rateHz / 1000 } ?: false
        if (!isWord(label) || heldOff || !isArmed) return null
        if (probabilities[best] < thresholds[label] ?: settings.threshold) return null
        lastEnd = end
        isArmed = false
        return Detection(label, end.toDouble() / rateHz, probabilities[best])
    }

    private fun isWord(label: String) = !label.startsWith("_")

    private companion object {
        const val ACTIVE = 0.25 // averaged probability of a word from which on a window is looked at
    }
}

/** Cuts a stream of samples into windows of one clip, a new one every hop (not longer than a clip), and judges each. */
class Detector(
    private val clipSamples: Int,
    private val hopSamples: Int,
    private val loneWords: LoneWords,
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
            loneWords.add(samples, taken, some)
            filled += some
            taken += some
            seen += some
            if (filled < clipSamples) return
            judge(onWord)
            System.arraycopy(window, hopSamples, window, 0, clipSamples - hopSamples)
            filled -= hopSamples
        }
    }

    private fun judge(onWord: (Detection) -> Unit) {
        if (!rule.isActive(classify(window))) return
        val start = loneWords.find(seen) ?: return
        rule.judge(classify(loneWords.clip(start)), seen)?.let(onWord)
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
        val loneWords = LoneWords(clipSamples, RATE_HZ, settings)
        val rule = Rule(labels, RATE_HZ, settings, thresholds)
        val detector = Detector(clipSamples, hopSamples, loneWords, rule, ::classify)
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
