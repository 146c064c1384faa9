using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>Convolutions with relu after each, without padding; what comes out is flattened, channel by channel.</summary>
sealed class Convolutions
{
    readonly ImageDescription _image;
    readonly Tensor[] _weights, _biases;

    /// <param name="set">Where the parameters are drawn and kept: <c>convolutions.I.weight</c> [filters, channels, size, size] and <c>.bias</c>, uniform in +-1 / sqrt(channels size^2).</param>
    /// <param name="image">Sizes; checked by the caller.</param>
    public Convolutions(ParameterSet set, ImageDescription image)
    {
        _image = image;
        (_weights, _biases) = (new Tensor[image.Layers.Count], new Tensor[image.Layers.Count]);
        var channels = image.Channels;
        for (var i = 0; i < _weights.Length; i++)
        {
            var layer = image.Layers[i];
            var bound = 1 / Math.Sqrt(channels * layer.Size * layer.Size);
            _weights[i] = set.Uniform($"convolutions.{i}.weight", bound, layer.Filters, channels, layer.Size, layer.Size);
            _biases[i] = set.Uniform($"convolutions.{i}.bias", bound, layer.Filters);
            channels = layer.Filters;
        }
    }

    /// <summary>[B, ...] of C H W float32 numbers a row to [B, <see cref="ImageDescription.Features"/>].</summary>
    public Tensor Forward(Tensor input)
    {
        var x = _image.ChannelsLast
            ? input.reshape(-1, _image.Frames, _image.Height, _image.Width, _image.Channels / _image.Frames).permute(0, 1, 4, 2, 3).flatten(1, 2)
            : input.reshape(-1, _image.Channels, _image.Height, _image.Width);
        for (var i = 0; i < _weights.Length; i++)
            x = TorchExtras.Convolution(x, _weights[i], _biases[i], _image.Layers[i].Stride, rectify: true);
        return x.flatten(1);
    }
}
