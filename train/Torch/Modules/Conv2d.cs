using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>A two-dimensional convolution over [N, C, H, W], weight [out, in / groups, kH, kW].</summary>
        public sealed class Conv2d : torch.nn.Module<torch.Tensor, torch.Tensor>
        {
            internal Conv2d(long inChannels, long outChannels, long[] kernel, long[] stride, long[] padding, long[] dilation, long groups, bool hasBias, torch.Device? device, torch.ScalarType? dtype)
                : base(nameof(Conv2d))
            {
                (in_channels, out_channels, kernel_size) = (inChannels, outChannels, kernel);
                (this.stride, this.padding, this.dilation, this.groups) = (stride, padding, dilation, groups);
                weight = torch.empty([outChannels, inChannels / groups, kernel[0], kernel[1]], dtype, device).AsParameter();
                torch.nn.init.kaiming_uniform_(weight, a: Math.Sqrt(5));
                register_parameter("weight", weight);
                weight.DetachFromDisposeScope();
                if (!hasBias) return;
                bias = torch.empty(outChannels, dtype, device).AsParameter();
                var bound = 1 / Math.Sqrt(inChannels / groups * kernel[0] * kernel[1]);
                torch.nn.init.uniform_(bias, -bound, bound);
                register_parameter("bias", bias);
                bias.DetachFromDisposeScope();
            }

            public Parameter weight { get; private set; }

            public Parameter? bias { get; private set; }

            public long in_channels { get; }

            public long out_channels { get; }

            public long[] kernel_size { get; }

            public long[] stride { get; }

            public long[] padding { get; }

            public long[] dilation { get; }

            public long groups { get; }

            public override torch.Tensor forward(torch.Tensor input) => torch.nn.functional.conv2d(input, weight, bias, stride, padding, dilation, groups);
        }
    }

    public static partial class torch
    {
        internal static partial class Ops
        {
            internal static readonly Op Conv2d = new("conv2d");

            internal static readonly Op ConvTranspose2d = new("conv_transpose2d", "input");
        }

        public static partial class nn
        {
            /// <exception cref="NotSupportedException">A padding mode other than zeros.</exception>
            public static Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null)
            {
                if (padding_mode != PaddingModes.Zeros) throw new NotSupportedException($"Conv2d pads with zeros only; got {padding_mode}.");
                return new(in_channels, out_channels, [kernel_size, kernel_size], [stride, stride], [padding, padding], [dilation, dilation], groups, bias, device, dtype);
            }

            public static partial class functional
            {
                public static Tensor conv2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null, long groups = 1) =>
                    Ops.Conv2d.Call(input, weight, bias, strides ?? [1, 1], padding ?? [0, 0], dilation ?? [1, 1], groups);

                public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                    Ops.ConvTranspose2d.Call(input, weight, bias, strides ?? [1, 1], padding ?? [0, 0], output_padding ?? [0, 0], groups, dilation ?? [1, 1]);
            }
        }
    }
}
