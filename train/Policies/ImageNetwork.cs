using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Train;

/// <summary>
/// The convolutions of a policy without libtorch: each output adds its products in one order by fused multiply-add, filters
/// side by side in a vector, so that a row's digits depend on that row alone. Buffers are made once.
/// </summary>
/// <remarks>Between layers an image lies as [H, W, channels], the channels padded to whole vectors.</remarks>
sealed unsafe class ImageNetwork : IDisposable
{
    const int Lanes = 16;
    // Output columns at a time: their accumulators stay in registers while a weight is read once.
    const int Columns = 4;

    readonly ImageDescription _image;
    readonly Layer[] _layers;
    float* _front, _back;

    /// <param name="image">Sizes that fit.</param>
    /// <param name="layers">Weight [filters, channels, size, size] and bias [filters] of each layer, row-major.</param>
    public ImageNetwork(ImageDescription image, IReadOnlyList<(float[] Weight, float[] Bias)> layers)
    {
        _image = image;
        _layers = new Layer[layers.Count];
        var (channels, stride, height, width) = (image.Channels, image.Channels, image.Height, image.Width);
        long largest = (long)height * width * channels;
        for (var i = 0; i < _layers.Length; i++)
        {
            _layers[i] = new Layer(image.Layers[i], channels, stride, height, width, layers[i].Weight, layers[i].Bias);
            (channels, stride, height, width) = (image.Layers[i].Filters, _layers[i].PaddedFilters, _layers[i].Height, _layers[i].Width);
            largest = Math.Max(largest, (long)height * width * stride);
        }

        _front = Allocate(largest);
        _back = Allocate(largest);
    }

    /// <summary>Features of one row, channel by channel as the dense layers read them.</summary>
    /// <param name="row">C H W numbers, or H W C of each frame as the image says.</param>
    /// <param name="features">[<see cref="ImageDescription.Features"/>].</param>
    public void Forward(ReadOnlySpan<float> row, Span<float> features)
    {
        ObjectDisposedException.ThrowIf(_front is null, this);
        Lay(row);
        var (input, output) = ((nint)_front, (nint)_back);
        foreach (var layer in _layers)
        {
            layer.Forward((float*)input, (float*)output);
            (input, output) = (output, input);
        }

        var (pixels, channels, stride) = _layers.Length == 0
            ? (_image.Height * _image.Width, _image.Channels, _image.Channels)
            : (_layers[^1].Height * _layers[^1].Width, _layers[^1].Filters, _layers[^1].PaddedFilters);
        var source = (float*)input;
        for (var c = 0; c < channels; c++)
        {
            for (var p = 0; p < pixels; p++)
                features[(c * pixels) + p] = source[(p * stride) + c];
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

    void Lay(ReadOnlySpan<float> row)
    {
        var (channels, pixels, own) = (_image.Channels, _image.Height * _image.Width, _image.Channels / _image.Frames);
        for (var c = 0; c < channels; c++)
        {
            // Within a row: the frame first, and in it pixels or channels.
            var first = _image.ChannelsLast ? (c / own * own * pixels) + (c % own) : c * pixels;
            var apart = _image.ChannelsLast ? own : 1;
            for (var p = 0; p < pixels; p++)
                _front[(p * channels) + c] = row[first + (p * apart)];
        }
    }

    static float* Allocate(long floats)
    {
        var bytes = (nuint)(Math.Max(floats, 1) * sizeof(float));
        var memory = (float*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    sealed class Layer
    {
        // [blocks of filters, size, size, channels, Lanes]: what one output reads lies together.
        readonly float* _weights;
        readonly float* _bias;
        readonly int _channels, _inputStride, _inputWidth, _size, _step;

        public Layer(ConvolutionDescription description, int channels, int inputStride, int height, int width, float[] weight, float[] bias)
        {
            (_channels, _inputStride, _inputWidth, _size, _step) = (channels, inputStride, width, description.Size, description.Stride);
            Filters = description.Filters;
            PaddedFilters = (Filters + Lanes - 1) / Lanes * Lanes;
            (Height, Width) = (ImageDescription.Outputs(height, description), ImageDescription.Outputs(width, description));
            _weights = Allocate((long)PaddedFilters * channels * _size * _size);
            _bias = Allocate(PaddedFilters);
            bias.CopyTo(new Span<float>(_bias, Filters));
            var source = 0;
            for (var f = 0; f < Filters; f++)
            {
                for (var c = 0; c < channels; c++)
                {
                    for (var k = 0; k < _size * _size; k++)
                        _weights[((((((long)(f / Lanes) * _size * _size) + k) * channels) + c) * Lanes) + (f % Lanes)] = weight[source++];
                }
            }
        }

        public int Filters { get; }

        public int PaddedFilters { get; }

        public int Height { get; }

        public int Width { get; }

        public void Free()
        {
            NativeMemory.AlignedFree(_weights);
            NativeMemory.AlignedFree(_bias);
        }

        public void Forward(float* input, float* output)
        {
            for (var block = 0; block < PaddedFilters; block += Lanes)
            {
                for (var y = 0; y < Height; y++)
                {
                    var x = 0;
                    for (; x + Columns <= Width; x += Columns)
                        Four(block, input, y, x, output);
                    for (; x < Width; x++)
                        One(block, input, y, x, output);
                }
            }
        }

        void Four(int block, float* input, int y, int x, float* output)
        {
            var weights = _weights + ((long)block * _size * _size * _channels);
            var apart = _step * _inputStride;
            Vector512<float> a = Vector512.LoadAligned(_bias + block), b = a, c = a, d = a;
            for (var ky = 0; ky < _size; ky++)
            {
                var row = input + (((((long)y * _step) + ky) * _inputWidth) + ((long)x * _step)) * _inputStride;
                for (var kx = 0; kx < _size; kx++, row += _inputStride)
                {
                    for (var channel = 0; channel < _channels; channel++, weights += Lanes)
                    {
                        var w = Vector512.LoadAligned(weights);
                        var at = row + channel;
                        a = Vector512.FusedMultiplyAdd(Vector512.Create(at[0]), w, a);
                        b = Vector512.FusedMultiplyAdd(Vector512.Create(at[apart]), w, b);
                        c = Vector512.FusedMultiplyAdd(Vector512.Create(at[2 * apart]), w, c);
                        d = Vector512.FusedMultiplyAdd(Vector512.Create(at[3 * apart]), w, d);
                    }
                }
            }

            var to = output + ((((long)y * Width) + x) * PaddedFilters) + block;
            Store(to, a);
            Store(to + PaddedFilters, b);
            Store(to + (2 * PaddedFilters), c);
            Store(to + (3 * PaddedFilters), d);
        }

        void One(int block, float* input, int y, int x, float* output)
        {
            var weights = _weights + ((long)block * _size * _size * _channels);
            var a = Vector512.LoadAligned(_bias + block);
            for (var ky = 0; ky < _size; ky++)
            {
                var row = input + (((((long)y * _step) + ky) * _inputWidth) + ((long)x * _step)) * _inputStride;
                for (var kx = 0; kx < _size; kx++, row += _inputStride)
                {
                    for (var channel = 0; channel < _channels; channel++, weights += Lanes)
                        a = Vector512.FusedMultiplyAdd(Vector512.Create(row[channel]), Vector512.LoadAligned(weights), a);
                }
            }

            Store(output + ((((long)y * Width) + x) * PaddedFilters) + block, a);
        }

        static void Store(float* output, Vector512<float> sum) => Vector512.StoreAligned(Vector512.Max(sum, Vector512<float>.Zero), output);
    }
}
