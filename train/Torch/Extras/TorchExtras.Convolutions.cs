using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>Convolutions without padding, with bias and relu in the same autograd node.</content>
public static partial class TorchExtras
{
    // From as many channels on, the engine's own gradient of a convolution is the faster one.
    const int ManyChannels = 16;

    /// <summary>relu(x * w + b), or without relu.</summary>
    /// <param name="input">[N, C, H, W] float.</param>
    /// <param name="weight">[F, C, h, w] float.</param>
    /// <param name="bias">[F] float.</param>
    /// <param name="stride">At least 1, in both directions.</param>
    /// <param name="rectify">Whether relu follows.</param>
    /// <returns>[N, F, (H - h) / stride + 1, (W - w) / stride + 1], rounded down.</returns>
    public static Tensor Convolution(Tensor input, Tensor weight, Tensor bias, int stride, bool rectify) =>
        HasKernels(input) && weight.size(1) < ManyChannels ? FusedConvolution(input, weight, bias, stride, null, rectify) : PlainConvolution(input, weight, bias, stride, null, rectify);

    /// <summary>The way back, from filters to an image.</summary>
    /// <param name="input">[N, F, H, W] float.</param>
    /// <param name="weight">[F, C, h, w] float.</param>
    /// <param name="bias">[C] float.</param>
    /// <param name="stride">At least 1, in both directions.</param>
    /// <param name="more">Rows and columns at the end that no filter reaches, fewer than the stride.</param>
    /// <param name="rectify">Whether relu follows.</param>
    /// <returns>[N, C, (H - 1) stride + h + more rows, (W - 1) stride + w + more columns].</returns>
    public static Tensor TransposedConvolution(Tensor input, Tensor weight, Tensor bias, int stride, (int Rows, int Columns) more, bool rectify) =>
        HasKernels(input) ? FusedConvolution(input, weight, bias, stride, more, rectify) : PlainConvolution(input, weight, bias, stride, more, rectify);

    static Tensor PlainConvolution(Tensor input, Tensor weight, Tensor bias, int stride, (int Rows, int Columns)? more, bool rectify)
    {
        var result = more is { } rest
            ? nn.functional.conv_transpose2d(input, weight, bias, strides: [stride, stride], output_padding: [rest.Rows, rest.Columns])
            : nn.functional.conv2d(input, weight, bias, strides: [stride, stride]);
        return rectify ? result.relu_() : result;
    }

    private static partial Tensor FusedConvolution(Tensor input, Tensor weight, Tensor bias, int stride, (int Rows, int Columns)? more, bool rectify);
}
