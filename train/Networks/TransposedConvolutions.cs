using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>The way back from features to an image: a dense layer, then one transposed convolution for each of <see cref="Convolutions"/>, the last first, with relu between.</summary>
sealed class TransposedConvolutions
{
    readonly ImageDescription _image;
    readonly Mlp _dense;
    readonly Tensor[] _weights, _biases;
    // What each starts from and leads to, the last layer of the image's first.
    readonly (int Height, int Width)[] _sides;

    /// <param name="set">Where the parameters are drawn and kept: <c>NAME.dense</c>, and <c>NAME.I.weight</c> [filters in, filters out, size, size] and <c>.bias</c>, uniform in +-1 / sqrt(filters in size^2).</param>
    /// <param name="name">The first part of the tensors' names.</param>
    /// <param name="inputs">Features that it reads.</param>
    /// <param name="hidden">Widths of dense layers before.</param>
    /// <param name="image">What the convolutions read, which this gives.</param>
    public TransposedConvolutions(ParameterSet set, string name, int inputs, IReadOnlyList<int> hidden, ImageDescription image)
    {
        _image = image;
        var layers = image.Layers.Count;
        _sides = new (int, int)[layers + 1];
        _sides[layers] = (image.Height, image.Width);
        for (var i = 0; i < layers; i++)
        {
            var (height, width) = _sides[layers - i];
            _sides[layers - i - 1] = (ImageDescription.Outputs(height, image.Layers[i]), ImageDescription.Outputs(width, image.Layers[i]));
        }

        _dense = new Mlp(set, $"{name}.dense", [inputs, .. hidden, image.Features], rectifyLast: layers > 0);
        (_weights, _biases) = (new Tensor[layers], new Tensor[layers]);
        for (var i = 0; i < layers; i++)
        {
            var layer = image.Layers[layers - 1 - i];
            var outputs = i == layers - 1 ? image.Channels : image.Layers[layers - 2 - i].Filters;
            var bound = 1 / Math.Sqrt(layer.Filters * layer.Size * layer.Size);
            _weights[i] = set.Uniform($"{name}.{i}.weight", bound, layer.Filters, outputs, layer.Size, layer.Size);
            _biases[i] = set.Uniform($"{name}.{i}.bias", bound, outputs);
        }
    }

    /// <summary>[B, inputs] to [B, C H W], the numbers where the image's rows have them.</summary>
    public Tensor Forward(Tensor input)
    {
        var x = _dense.Forward(input);
        var layers = _weights.Length;
        x = x.reshape(-1, layers == 0 ? _image.Channels : _image.Layers[^1].Filters, _sides[0].Height, _sides[0].Width);
        for (var i = 0; i < layers; i++)
        {
            var layer = _image.Layers[layers - 1 - i];
            // Rows and columns that no filter of the convolution reached.
            var (height, width) = (Left(_sides[i].Height, _sides[i + 1].Height, layer), Left(_sides[i].Width, _sides[i + 1].Width, layer));
            x = TorchExtras.TransposedConvolution(x, _weights[i], _biases[i], layer.Stride, (height, width), rectify: i + 1 < layers);
        }

        return _image.ChannelsLast
            ? x.unflatten(1, _image.Frames, _image.Channels / _image.Frames).permute(0, 1, 3, 4, 2).flatten(1)
            : x.flatten(1);
    }

    static int Left(int from, int to, ConvolutionDescription layer) => to - (((from - 1) * layer.Stride) + layer.Size);
}
