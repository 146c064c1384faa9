using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>What each instance of a policy with a memory remembers: the latent state of the step before, all of it, and the action taken in it.</summary>
sealed class LatentMemory(LatentDescription description, int instances, FrameStackState? frames) : IPolicyState
{
    readonly float[] _latents = new float[instances * description.MemoryWidth];
    readonly float[] _actions = new float[instances * description.Actions];
    readonly bool[] _started = new bool[instances];

    public int Instances => instances;

    /// <summary>Of the stack of frames before the encoder; null where it reads one.</summary>
    public FrameStackState? Frames => frames;

    public IPolicyState Copy()
    {
        var copy = new LatentMemory(description, instances, frames?.Clone());
        _latents.CopyTo(copy._latents, 0);
        _actions.CopyTo(copy._actions, 0);
        _started.CopyTo(copy._started, 0);
        return copy;
    }

    /// <summary>The memory of a recurrent policy.</summary>
    /// <exception cref="ArgumentException">None was given, or one for another number of rows.</exception>
    public static LatentMemory Require(IPolicyState? state, int count) =>
        state is LatentMemory memory && memory.Instances == count ? memory
        : throw new ArgumentException($"The policy has a memory: expected the state that CreateState({count}) gave, for {count} rows.", nameof(state));

    public Span<float> Latent(int i) => _latents.AsSpan(i * description.MemoryWidth, description.MemoryWidth);

    public Span<float> Action(int i) => _actions.AsSpan(i * description.Actions, description.Actions);

    /// <summary>Whether something is remembered; what comes now will be.</summary>
    public bool Starts(int i, bool isStart)
    {
        var starts = isStart || !_started[i];
        _started[i] = true;
        return starts;
    }
}

/// <summary>
/// Latent states for a policy in use, without libtorch: the same numbers that a world model infers where nothing is drawn. A row's digits depend on that row alone.
/// </summary>
sealed class LatentEncoder : IDisposable
{
    readonly LatentDescription _description;
    readonly PolicyNetwork? _encoder;
    readonly LatentLstm? _lstm;
    readonly DenseNetwork? _input, _gates, _posterior;
    readonly float[] _scale = [], _shift = [];
    float[] _embedded = [], _inputs = [], _hidden = [], _sums = [], _heads = [], _read = [];

    /// <param name="description">Checked.</param>
    /// <param name="read">Reads a tensor by its name and shape.</param>
    public LatentEncoder(LatentDescription description, Func<string, long[], float[]> read)
    {
        _description = description;
        if (description.Encoder is not null)
            _encoder = new PolicyNetwork(description.Encoder, (name, shape) => read("encoder." + name, shape));
        if (description.Lstm is { } lstm)
            _lstm = new LatentLstm(lstm, read);
        if (description.Recurrent is not { } sizes)
            return;
        var (memory, units, inputs) = (sizes.Deterministic, sizes.Units, sizes.Stochastic + sizes.Actions);
        _input = new DenseNetwork([(read("input.0.weight", [units, inputs]), read("input.0.bias", [units]))], rectifyLast: true);
        _gates = new DenseNetwork([(read("gru.weight", [3 * memory, units + memory]), sizes.LayerNorm ? new float[3 * memory] : read("gru.bias", [3 * memory]))]);
        if (sizes.LayerNorm)
            (_scale, _shift) = (read("gru.scale", [3 * memory]), read("gru.shift", [3 * memory]));
        var posterior = memory + description.Encoder!.Outputs;
        _posterior = new DenseNetwork([(read("posterior.0.weight", [units, posterior]), read("posterior.0.bias", [units])), (read("posterior.1.weight", [sizes.Heads, units]), read("posterior.1.bias", [sizes.Heads]))]);
    }

    /// <summary>Numbers of a latent state.</summary>
    public int Width => _description.Width;

    /// <summary>Latent states of rows.</summary>
    /// <param name="rows">[B, Inputs]: features.</param>
    /// <param name="count">B.</param>
    /// <param name="starts">[B], or empty: rows that begin an episode.</param>
    /// <param name="memory">What each instance remembers, which takes this step in; null where there is no memory.</param>
    /// <param name="latents">[B, Width].</param>
    public void Forward(ReadOnlySpan<float> rows, int count, ReadOnlySpan<bool> starts, LatentMemory? memory, Span<float> latents)
    {
        if (_encoder is null)
        {
            _lstm!.Forward(rows, count, rows.Length / count, starts, memory!, latents);
            return;
        }

        var outputs = _encoder.Outputs;
        var embedded = Room(ref _embedded, count * outputs);
        if (_description.Symlog)
        {
            var read = Room(ref _read, rows.Length);
            for (var i = 0; i < rows.Length; i++)
                read[i] = MathF.CopySign(MathF.Log(MathF.Abs(rows[i]) + 1), rows[i]);
            rows = read;
        }

        _encoder.Forward(rows, count, embedded);
        if (_lstm is not null)
        {
            _lstm.Forward(embedded, count, outputs, starts, memory!, latents);
            return;
        }

        if (_description.Recurrent is not { } sizes)
        {
            for (var i = 0; i < count; i++)
                embedded.Slice(i * outputs, Width).CopyTo(latents.Slice(i * Width, Width));
            return;
        }

        Recur(sizes, count, starts, memory!);
        var inputs = Room(ref _inputs, count * (sizes.Deterministic + outputs));
        for (var i = 0; i < count; i++)
        {
            var row = inputs.Slice(i * (sizes.Deterministic + outputs), sizes.Deterministic + outputs);
            memory!.Latent(i)[..sizes.Deterministic].CopyTo(row);
            embedded.Slice(i * outputs, outputs).CopyTo(row[sizes.Deterministic..]);
        }

        var heads = Room(ref _heads, count * sizes.Heads);
        _posterior!.Forward(inputs, count, heads);
        for (var i = 0; i < count; i++)
        {
            var latent = memory!.Latent(i);
            Likeliest(sizes, heads.Slice(i * sizes.Heads, sizes.Heads), latent[sizes.Deterministic..]);
            latent.CopyTo(latents.Slice(i * Width, Width));
        }
    }

    public void Dispose()
    {
        _encoder?.Dispose();
        _lstm?.Dispose();
        _input?.Dispose();
        _gates?.Dispose();
        _posterior?.Dispose();
    }

    // The memory of each instance moves on by the latent state and the action that it holds.
    void Recur(RecurrentDescription sizes, int count, ReadOnlySpan<bool> starts, LatentMemory memory)
    {
        var (width, drawn) = (sizes.Deterministic, sizes.Stochastic);
        var inputs = Room(ref _inputs, count * (drawn + sizes.Actions));
        for (var i = 0; i < count; i++)
        {
            var row = inputs.Slice(i * (drawn + sizes.Actions), drawn + sizes.Actions);
            memory.Latent(i)[width..].CopyTo(row);
            memory.Action(i).CopyTo(row[drawn..]);
        }

        var hidden = Room(ref _hidden, count * sizes.Units);
        _input!.Forward(inputs, count, hidden);
        inputs = Room(ref _inputs, count * (sizes.Units + width));
        for (var i = 0; i < count; i++)
        {
            var row = inputs.Slice(i * (sizes.Units + width), sizes.Units + width);
            hidden.Slice(i * sizes.Units, sizes.Units).CopyTo(row);
            memory.Latent(i)[..width].CopyTo(row[sizes.Units..]);
        }

        var sums = Room(ref _sums, count * 3 * width);
        _gates!.Forward(inputs, count, sums);
        for (var i = 0; i < count; i++)
        {
            var before = memory.Latent(i)[..width];
            if (memory.Starts(i, !starts.IsEmpty && starts[i]))
                before.Clear();
            else
                Gate(sums.Slice(i * 3 * width, 3 * width), before);
        }
    }

    void Gate(Span<float> sums, Span<float> memory)
    {
        if (_scale.Length > 0)
            Normalize(sums);
        var width = memory.Length;
        for (var d = 0; d < width; d++)
        {
            var candidate = MathF.Tanh(Sigmoid(sums[d]) * sums[width + d]);
            memory[d] += Sigmoid(sums[(2 * width) + d] - 1) * (candidate - memory[d]);
        }
    }

    void Normalize(Span<float> sums)
    {
        var (mean, variance) = (0.0, 0.0);
        foreach (var sum in sums)
            mean += sum;
        mean /= sums.Length;
        foreach (var sum in sums)
            variance += (sum - mean) * (sum - mean);
        var factor = 1 / Math.Sqrt((variance / sums.Length) + 1e-3);
        for (var d = 0; d < sums.Length; d++)
            sums[d] = (float)((sums[d] - mean) * factor * _scale[d]) + _shift[d];
    }

    static void Likeliest(RecurrentDescription sizes, ReadOnlySpan<float> heads, Span<float> drawn)
    {
        if (sizes.Classes == 1)
        {
            heads[..sizes.Groups].CopyTo(drawn);
            return;
        }

        drawn.Clear();
        for (var g = 0; g < sizes.Groups; g++)
        {
            var logits = heads.Slice(g * sizes.Classes, sizes.Classes);
            var best = 0;
            for (var c = 1; c < logits.Length; c++)
                best = logits[c] > logits[best] ? c : best;
            drawn[(g * sizes.Classes) + best] = 1;
        }
    }

    static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    static Span<float> Room(ref float[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new float[length];
        return buffer.AsSpan(0, length);
    }
}
