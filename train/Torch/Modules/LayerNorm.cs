using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Zero mean and unit variance over the last axes, then an affine map of its own for each element.</summary>
        public sealed class LayerNorm : torch.nn.Module<torch.Tensor, torch.Tensor>
        {
            internal LayerNorm(long[] shape, double eps, bool affine, bool hasBias, torch.Device? device, torch.ScalarType? dtype) : base(nameof(LayerNorm))
            {
                (normalized_shape, this.eps, elementwise_affine) = (shape, eps, affine);
                if (!affine) return;
                weight = torch.ones(shape, dtype, device).AsParameter();
                register_parameter("weight", weight);
                weight.DetachFromDisposeScope();
                if (!hasBias) return;
                bias = torch.zeros(shape, dtype, device).AsParameter();
                register_parameter("bias", bias);
                bias.DetachFromDisposeScope();
            }

            public Parameter? weight { get; private set; }

            public Parameter? bias { get; private set; }

            public long[] normalized_shape { get; }

            public double eps { get; }

            public bool elementwise_affine { get; }

            public override torch.Tensor forward(torch.Tensor input) => torch.nn.functional.layer_norm(input, normalized_shape, weight, bias, eps);
        }
    }

    public static partial class torch
    {
        internal static partial class Ops
        {
            internal static readonly Op LayerNorm = new("layer_norm");
        }

        public static partial class nn
        {
            public static LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);

            public static partial class functional
            {
                public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                    Ops.LayerNorm.Call(input, normalized_shape, weight, bias, eps);
            }
        }
    }
}
