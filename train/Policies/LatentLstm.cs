namespace OfflineRL.Train;

/// <summary>The memory of World Models for a policy in use, without libtorch: the same numbers as <see cref="WorldModels.MixtureMemory"/>'s. A row's digits depend on that row alone.</summary>
sealed class LatentLstm : IDisposable
{
    readonly LstmDescription _sizes;
    readonly DenseNetwork _gates;
    float[] _inputs = [], _sums = [];

    /// <param name="sizes">Checked.</param>
    /// <param name="read">Reads a tensor by its name and shape.</param>
    public LatentLstm(LstmDescription sizes, Func<string, long[], float[]> read)
    {
        _sizes = sizes;
        _gates = new DenseNetwork([(read("lstm.weight", [4 * sizes.Units, Inputs]), read("lstm.bias", [4 * sizes.Units]))]);
    }

    int Inputs => _sizes.Codes + _sizes.Actions + _sizes.Units;

    /// <summary>Latent states of rows: z and h, one behind the other.</summary>
    /// <param name="embedded">[B, <paramref name="width"/>], of which the first numbers are z.</param>
    /// <param name="count">B.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <param name="starts">[B], or empty: rows that begin an episode.</param>
    /// <param name="memory">What each instance remembers, z, h and c, which takes this step in.</param>
    /// <param name="latents">[B, Z + U].</param>
    public void Forward(ReadOnlySpan<float> embedded, int count, int width, ReadOnlySpan<bool> starts, LatentMemory memory, Span<float> latents)
    {
        var (codes, units) = (_sizes.Codes, _sizes.Units);
        if (_inputs.Length < count * Inputs)
            (_inputs, _sums) = (new float[count * Inputs], new float[count * 4 * units]);
        for (var i = 0; i < count; i++)
        {
            var row = _inputs.AsSpan(i * Inputs, Inputs);
            memory.Latent(i)[..codes].CopyTo(row);
            memory.Action(i).CopyTo(row[codes..]);
            memory.Latent(i).Slice(codes, units).CopyTo(row[(codes + _sizes.Actions)..]);
        }

        var sums = _sums.AsSpan(0, count * 4 * units);
        _gates.Forward(_inputs.AsSpan(0, count * Inputs), count, sums);
        for (var i = 0; i < count; i++)
        {
            var latent = memory.Latent(i);
            if (memory.Starts(i, !starts.IsEmpty && starts[i]))
                latent.Clear();
            else
                Gate(sums.Slice(i * 4 * units, 4 * units), latent.Slice(codes, units), latent[(codes + units)..]);
            embedded.Slice(i * width, codes).CopyTo(latent);
            latent[..(codes + units)].CopyTo(latents.Slice(i * (codes + units), codes + units));
        }
    }

    public void Dispose() => _gates.Dispose();

    static void Gate(ReadOnlySpan<float> sums, Span<float> hidden, Span<float> cell)
    {
        var units = hidden.Length;
        for (var d = 0; d < units; d++)
        {
            var (i, f, g, o) = (Sigmoid(sums[d]), Sigmoid(sums[units + d]), MathF.Tanh(sums[(2 * units) + d]), Sigmoid(sums[(3 * units) + d]));
            cell[d] = (f * cell[d]) + (i * g);
            hidden[d] = o * MathF.Tanh(cell[d]);
        }
    }

    static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
