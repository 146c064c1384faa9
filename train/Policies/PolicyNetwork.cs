namespace OfflineRL.Train;

/// <summary>
/// A whole network without libtorch, for policies in use: observations in, one score an action out. Distributions become
/// their mean, noise is off. A row's digits depend on that row alone, whatever the batch.
/// </summary>
sealed class PolicyNetwork : IDisposable
{
    const int ChunkRows = 64;

    readonly NetworkDescription _description;
    readonly ImageNetwork? _image;
    readonly DenseNetwork? _shared, _value;
    readonly DenseNetwork _layers;
    // [T, H]: what the shared features are multiplied by for each fraction; the same for every row.
    readonly float[] _embedding = [];
    readonly double[] _support = [];
    // The last outputs, the same for every row.
    readonly float[] _free = [];
    readonly float[] _input, _features, _streams, _values, _state;

    /// <param name="description">Checked by <see cref="Fault"/>.</param>
    /// <param name="read">Reads a tensor by its name and shape.</param>
    public PolicyNetwork(NetworkDescription description, Func<string, long[], float[]> read)
    {
        _description = description;
        if (description.Image is { } image)
            _image = new ImageNetwork(image, ReadConvolutions(image, read));
        var (shared, streams) = description.Split();
        if (shared.Length > 1)
            _shared = ReadDense("shared", shared, read, rectifyLast: true);
        if (description.Dueling)
            _value = ReadDense("value", [.. streams, description.Atoms], read);
        _layers = ReadDense(description.Dueling ? "advantage" : "layers", [.. streams, description.LayerOutputs], read);
        if (description.FreeOutputs > 0)
            _free = read("free", [description.FreeOutputs]);
        if (description.Distribution == NetworkDescription.Implicit)
            _embedding = Embed(description, ReadDense("embedding", [description.Cosines, shared[^1]], read, rectifyLast: true));
        if (description.Distribution == NetworkDescription.Categorical)
            _support = [.. Enumerable.Range(0, description.Atoms).Select(i => description.Low + ((description.High - description.Low) * i / (description.Atoms - 1)))];

        var rows = ChunkRows * Math.Max(1, description.Fractions);
        _input = _image is null ? [] : new float[ChunkRows * description.Image!.Features];
        _features = new float[ChunkRows * shared[^1]];
        _streams = _embedding.Length == 0 ? [] : new float[rows * shared[^1]];
        _values = new float[rows * description.LayerOutputs];
        _state = description.Dueling ? new float[rows * description.Atoms] : [];
    }

    public int Inputs => _description.Inputs;

    public int Outputs => _description.Outputs;

    /// <summary>Why a description cannot be run; null where it can. What it says is bounded before anything is allocated.</summary>
    public static string? Fault(NetworkDescription network) =>
        network.Type is not ("mlp" or "convolutional") || (network.Type == "convolutional") != (network.Image is not null) ? $"network.type is '{network.Type}'; expected mlp, or convolutional with an image"
        : network.Inputs < 1 || network.Outputs < 1 ? $"a network of {network.Inputs} inputs and {network.Outputs} outputs; expected at least one of each"
        : network.Hidden.Any(width => width < 1) ? $"network.hidden is [{string.Join(", ", network.Hidden)}]; expected widths of at least 1"
        : network.Distribution is not (NetworkDescription.None or NetworkDescription.Categorical or NetworkDescription.Quantile or NetworkDescription.Implicit or NetworkDescription.Heads) ? $"network.distribution is '{network.Distribution}'; expected none, categorical, quantile, implicit or heads"
        : network.Atoms < 1 || (!network.HasAtoms && network.Atoms != 1) ? $"network.atoms is {network.Atoms} with distribution {network.Distribution}; expected {(network.HasAtoms ? "at least 1" : "1")}"
        : network.Distribution == NetworkDescription.Categorical && !(network.Low < network.High && double.IsFinite(network.High - network.Low) && network.Atoms > 1) ? $"{network.Atoms} atoms from {network.Low} to {network.High}; expected at least 2, from a lower to a higher value"
        : network.Distribution == NetworkDescription.Implicit && (network.Cosines < 1 || network.Fractions < 1) ? $"network.cosines is {network.Cosines} and network.fractions {network.Fractions}; expected at least 1"
        : network.FreeOutputs < 0 || network.FreeOutputs >= network.Outputs || (network.FreeOutputs > 0 && (network.Dueling || network.Distribution != NetworkDescription.None)) ? $"network.free_outputs is {network.FreeOutputs} of {network.Outputs} outputs; expected 0, or fewer than all of a plain head"
        : network.Members != 1 ? $"network.members is {network.Members}; expected 1"
        : network.Image is { } image && (!image.Fits || (long)image.Channels * image.Height * image.Width != network.Inputs) ? $"convolutions over {image.Channels} x {image.Height} x {image.Width} that do not fit them or the {network.Inputs} inputs; expected filters no larger than what they move over"
        : null;

    /// <summary>Scores of each row.</summary>
    /// <param name="rows">[B, Inputs].</param>
    /// <param name="count">B.</param>
    /// <param name="scores">[B, Outputs].</param>
    public void Forward(ReadOnlySpan<float> rows, int count, Span<float> scores)
    {
        if (_image is null && _shared is null && _description is { Dueling: false, FreeOutputs: 0, Distribution: NetworkDescription.None })
        {
            _layers.Forward(rows, count, scores);
            return;
        }

        if (rows.Length != (long)count * Inputs || scores.Length != (long)count * Outputs)
            throw new ArgumentException($"{count} rows have {rows.Length} inputs and {scores.Length} outputs; expected {count} x {Inputs} and {count} x {Outputs}.", nameof(rows));
        for (var start = 0; start < count; start += ChunkRows)
        {
            var chunk = Math.Min(ChunkRows, count - start);
            Chunk(rows.Slice(start * Inputs, chunk * Inputs), chunk, scores.Slice(start * Outputs, chunk * Outputs));
        }
    }

    public void Dispose()
    {
        _image?.Dispose();
        _shared?.Dispose();
        _value?.Dispose();
        _layers.Dispose();
    }

    void Chunk(ReadOnlySpan<float> rows, int count, Span<float> scores)
    {
        var x = Prepare(rows, count);
        if (_shared is not null)
        {
            var features = _features.AsSpan(0, count * _shared.Outputs);
            _shared.Forward(x, count, features);
            x = features;
        }

        var each = 1;
        if (_embedding.Length > 0)
        {
            each = _description.Fractions;
            x = Multiply(x, count);
        }

        var width = _description.LayerOutputs;
        var values = _values.AsSpan(0, count * each * width);
        _layers.Forward(x, count * each, values);
        if (_value is not null)
        {
            var state = _state.AsSpan(0, count * each * _description.Atoms);
            _value.Forward(x, count * each, state);
            for (var row = 0; row < count * each; row++)
                Duel(values.Slice(row * width, width), state.Slice(row * _description.Atoms, _description.Atoms));
        }

        for (var row = 0; row < count; row++)
            Reduce(values.Slice(row * each * width, each * width), scores.Slice(row * Outputs, Outputs));
    }

    ReadOnlySpan<float> Prepare(ReadOnlySpan<float> rows, int count)
    {
        if (_image is null)
            return rows;
        var features = _description.Image!.Features;
        for (var row = 0; row < count; row++)
            _image.Forward(rows.Slice(row * Inputs, Inputs), _input.AsSpan(row * features, features));
        return _input.AsSpan(0, count * features);
    }

    ReadOnlySpan<float> Multiply(ReadOnlySpan<float> features, int count)
    {
        var (fractions, width) = (_description.Fractions, _embedding.Length / _description.Fractions);
        for (var row = 0; row < count; row++)
        {
            for (var t = 0; t < fractions; t++)
            {
                var target = _streams.AsSpan(((row * fractions) + t) * width, width);
                for (var i = 0; i < width; i++)
                    target[i] = features[(row * width) + i] * _embedding[(t * width) + i];
            }
        }

        return _streams.AsSpan(0, count * fractions * width);
    }

    // advantages [A, N] become v + a - mean over actions of a, atom by atom.
    void Duel(Span<float> advantages, ReadOnlySpan<float> value)
    {
        var atoms = value.Length;
        for (var n = 0; n < atoms; n++)
        {
            var sum = 0.0;
            for (var i = n; i < advantages.Length; i += atoms)
                sum += advantages[i];
            var shift = value[n] - (sum / Outputs);
            for (var i = n; i < advantages.Length; i += atoms)
                advantages[i] = (float)(advantages[i] + shift);
        }
    }

    // [A, N], or [T, A] of an implicit head, to [A].
    void Reduce(ReadOnlySpan<float> values, Span<float> scores)
    {
        var (atoms, computed) = (_description.Atoms, Outputs - _free.Length);
        _free.CopyTo(scores[computed..]);
        for (var a = 0; a < computed; a++)
        {
            scores[a] = (float)(_description.Distribution switch
            {
                NetworkDescription.Categorical => ExpectedAtom(values.Slice(a * atoms, atoms)),
                NetworkDescription.Implicit => Mean(values[a..], Outputs),
                _ => Mean(values.Slice(a * atoms, atoms), 1),
            });
        }
    }

    static double Mean(ReadOnlySpan<float> values, int step)
    {
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < values.Length; i += step, count++)
            sum += values[i];
        return sum / count;
    }

    double ExpectedAtom(ReadOnlySpan<float> logits)
    {
        var highest = logits[0];
        foreach (var logit in logits)
            highest = Math.Max(highest, logit);
        var (sum, total) = (0.0, 0.0);
        for (var i = 0; i < logits.Length; i++)
        {
            var p = Math.Exp(logits[i] - highest);
            (sum, total) = (sum + (p * _support[i]), total + p);
        }

        return sum / total;
    }

    static float[] Embed(NetworkDescription description, DenseNetwork layer)
    {
        using (layer)
        {
            var (fractions, cosines) = (description.Fractions, description.Cosines);
            var inputs = new float[fractions * cosines];
            for (var t = 0; t < fractions; t++)
            {
                var tau = (t + 0.5) / fractions;
                for (var i = 0; i < cosines; i++)
                    inputs[(t * cosines) + i] = (float)Math.Cos(Math.PI * i * tau);
            }

            var embedding = new float[fractions * layer.Outputs];
            layer.Forward(inputs, fractions, embedding);
            return embedding;
        }
    }

    static List<(float[], float[])> ReadConvolutions(ImageDescription image, Func<string, long[], float[]> read)
    {
        var layers = new List<(float[], float[])>();
        var channels = image.Channels;
        for (var i = 0; i < image.Layers.Count; i++)
        {
            var (filters, size, _) = image.Layers[i];
            layers.Add((read($"convolutions.{i}.weight", [filters, channels, size, size]), read($"convolutions.{i}.bias", [filters])));
            channels = filters;
        }

        return layers;
    }

    static DenseNetwork ReadDense(string name, int[] widths, Func<string, long[], float[]> read, bool rectifyLast = false)
    {
        var layers = new List<(float[], float[])>();
        for (var i = 0; i + 1 < widths.Length; i++)
            layers.Add((read($"{name}.{i}.weight", [widths[i + 1], widths[i]]), read($"{name}.{i}.bias", [widths[i + 1]])));
        return new DenseNetwork(layers, rectifyLast);
    }
}
