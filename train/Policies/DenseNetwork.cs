using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Train;

/// <summary>
/// The forward pass of a dense network without libtorch, for policies in use. Each output adds its products in the order
/// of its inputs by fused multiply-add, whatever the size of the batch: so how rows are grouped changes no digit, on any
/// machine. Buffers are made once.
/// </summary>
sealed unsafe class DenseNetwork : IDisposable
{
    // Outputs are laid out in blocks of two vectors, rows taken four at a time: eight accumulators stay in registers.
    const int Lanes = 16;
    const int Block = 2 * Lanes;
    const int RowBlock = 4;
    const int ChunkRows = 64;

    readonly Layer[] _layers;
    readonly bool _rectifyLast;
    float* _front, _back;

    /// <param name="layers">Weight [out, in] and bias [out] of each layer, row-major; inputs match the outputs before.</param>
    /// <param name="rectifyLast">Whether relu follows the last layer too.</param>
    public DenseNetwork(IReadOnlyList<(float[] Weight, float[] Bias)> layers, bool rectifyLast = false)
    {
        _rectifyLast = rectifyLast;
        _layers = new Layer[layers.Count];
        var widest = 0;
        for (var i = 0; i < layers.Count; i++)
        {
            _layers[i] = new Layer(layers[i].Weight, layers[i].Bias);
            widest = Math.Max(widest, Math.Max(_layers[i].Inputs, _layers[i].PaddedOutputs));
        }

        _front = Allocate((long)ChunkRows * widest);
        _back = Allocate((long)ChunkRows * widest);
    }

    public int Inputs => _layers[0].Inputs;

    public int Outputs => _layers[^1].Outputs;

    /// <summary>Scores of each row.</summary>
    /// <param name="rows">[B, Inputs].</param>
    /// <param name="count">B.</param>
    /// <param name="scores">[B, Outputs].</param>
    public void Forward(ReadOnlySpan<float> rows, int count, Span<float> scores)
    {
        ObjectDisposedException.ThrowIf(_front is null, this);
        if (rows.Length != (long)count * Inputs || scores.Length != (long)count * Outputs)
            throw new ArgumentException($"{count} rows have {rows.Length} inputs and {scores.Length} outputs; expected {count} x {Inputs} and {count} x {Outputs}.", nameof(rows));
        for (var start = 0; start < count; start += ChunkRows)
        {
            var chunk = Math.Min(ChunkRows, count - start);
            rows.Slice(start * Inputs, chunk * Inputs).CopyTo(new Span<float>(_front, chunk * Inputs));
            var (input, output, stride) = ((nint)_front, (nint)_back, Inputs);
            for (var i = 0; i < _layers.Length; i++)
            {
                _layers[i].Forward((float*)input, stride, (float*)output, chunk, rectify: _rectifyLast || i < _layers.Length - 1);
                stride = _layers[i].PaddedOutputs;
                (input, output) = (output, input);
            }

            for (var row = 0; row < chunk; row++)
                new ReadOnlySpan<float>((float*)input + ((long)row * stride), Outputs).CopyTo(scores.Slice((start + row) * Outputs, Outputs));
        }
    }

    public void Dispose()
    {
        if (_front is null)
            return;
        foreach (var layer in _layers)
            layer.Free();
        NativeMemory.AlignedFree(_front);
        NativeMemory.AlignedFree(_back);
        _front = _back = null;
    }

    static float* Allocate(long floats)
    {
        var bytes = (nuint)(floats * sizeof(float));
        var memory = (float*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    sealed class Layer
    {
        // [blocks, Inputs, Block]: what one pass over the inputs reads lies together.
        readonly float* _weights;
        readonly float* _bias;

        public Layer(float[] weight, float[] bias)
        {
            Outputs = bias.Length;
            Inputs = weight.Length / Outputs;
            PaddedOutputs = (Outputs + Block - 1) / Block * Block;
            _weights = Allocate((long)PaddedOutputs * Inputs);
            _bias = Allocate(PaddedOutputs);
            bias.CopyTo(new Span<float>(_bias, Outputs));
            for (var o = 0; o < Outputs; o++)
            {
                for (var k = 0; k < Inputs; k++)
                    _weights[((((long)(o / Block) * Inputs) + k) * Block) + (o % Block)] = weight[((long)o * Inputs) + k];
            }
        }

        public int Inputs { get; }

        public int Outputs { get; }

        public int PaddedOutputs { get; }

        public void Free()
        {
            NativeMemory.AlignedFree(_weights);
            NativeMemory.AlignedFree(_bias);
        }

        public void Forward(float* input, int stride, float* output, int rows, bool rectify)
        {
            for (var block = 0; block < PaddedOutputs; block += Block)
            {
                var row = 0;
                for (; row + RowBlock <= rows; row += RowBlock)
                    Four(block, input + ((long)row * stride), stride, output + ((long)row * PaddedOutputs) + block, rectify);
                for (; row < rows; row++)
                    One(block, input + ((long)row * stride), output + ((long)row * PaddedOutputs) + block, rectify);
            }
        }

        void Four(int block, float* input, int stride, float* output, bool rectify)
        {
            var weights = _weights + ((long)block * Inputs);
            Vector512<float> a0 = Vector512.LoadAligned(_bias + block), b0 = Vector512.LoadAligned(_bias + block + Lanes);
            Vector512<float> a1 = a0, a2 = a0, a3 = a0, b1 = b0, b2 = b0, b3 = b0;
            for (var k = 0; k < Inputs; k++, weights += Block)
            {
                var a = Vector512.LoadAligned(weights);
                var b = Vector512.LoadAligned(weights + Lanes);
                var x = Vector512.Create(input[k]);
                (a0, b0) = (Vector512.FusedMultiplyAdd(x, a, a0), Vector512.FusedMultiplyAdd(x, b, b0));
                x = Vector512.Create(input[k + stride]);
                (a1, b1) = (Vector512.FusedMultiplyAdd(x, a, a1), Vector512.FusedMultiplyAdd(x, b, b1));
                x = Vector512.Create(input[k + (2 * stride)]);
                (a2, b2) = (Vector512.FusedMultiplyAdd(x, a, a2), Vector512.FusedMultiplyAdd(x, b, b2));
                x = Vector512.Create(input[k + (3 * stride)]);
                (a3, b3) = (Vector512.FusedMultiplyAdd(x, a, a3), Vector512.FusedMultiplyAdd(x, b, b3));
            }

            Store(output, a0, b0, rectify);
            Store(output + PaddedOutputs, a1, b1, rectify);
            Store(output + (2 * PaddedOutputs), a2, b2, rectify);
            Store(output + (3 * PaddedOutputs), a3, b3, rectify);
        }

        void One(int block, float* input, float* output, bool rectify)
        {
            var weights = _weights + ((long)block * Inputs);
            Vector512<float> a = Vector512.LoadAligned(_bias + block), b = Vector512.LoadAligned(_bias + block + Lanes);
            for (var k = 0; k < Inputs; k++, weights += Block)
            {
                var x = Vector512.Create(input[k]);
                a = Vector512.FusedMultiplyAdd(x, Vector512.LoadAligned(weights), a);
                b = Vector512.FusedMultiplyAdd(x, Vector512.LoadAligned(weights + Lanes), b);
            }

            Store(output, a, b, rectify);
        }

        static void Store(float* output, Vector512<float> a, Vector512<float> b, bool rectify)
        {
            Vector512.StoreAligned(rectify ? Vector512.Max(a, Vector512<float>.Zero) : a, output);
            Vector512.StoreAligned(rectify ? Vector512.Max(b, Vector512<float>.Zero) : b, output + Lanes);
        }
    }
}
