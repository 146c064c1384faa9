using TorchSharp.Modules;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>x W^T + b, with W [out, in] and b [out].</summary>
        public sealed class Linear : torch.nn.Module<torch.Tensor, torch.Tensor>
        {
            internal Linear(long inputSize, long outputSize, bool hasBias, torch.Device? device, torch.ScalarType? dtype) : base(nameof(Linear))
            {
                in_features = inputSize;
                out_features = outputSize;
                weight = torch.empty(outputSize, inputSize, dtype, device).AsParameter();
                torch.nn.init.kaiming_uniform_(weight, a: Math.Sqrt(5));
                if (hasBias)
                {
                    bias = torch.empty(outputSize, dtype, device).AsParameter();
                    var bound = inputSize > 0 ? 1 / Math.Sqrt(inputSize) : 0;
                    torch.nn.init.uniform_(bias, -bound, bound);
                }
                Own(weight, bias);
            }

            internal Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
            {
                in_features = weight.shape[1];
                out_features = weight.shape[0];
                Own(this.weight = weight, this.bias = bias);
            }

            public Parameter weight { get; private set; }

            public Parameter? bias { get; private set; }

            public long in_features { get; }

            public long out_features { get; }

            public override torch.Tensor forward(torch.Tensor input) => torch.nn.functional.linear(input, weight, bias);

            void Own(Parameter w, Parameter? b)
            {
                register_parameter("weight", w);
                w.DetachFromDisposeScope();
                if (b is null) return;
                register_parameter("bias", b);
                b.DetachFromDisposeScope();
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, outputSize, hasBias, device, dtype);

            public static Linear Linear(Parameter weight, Parameter? bias = null) => new(weight, bias);

            public static partial class functional
            {
                public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => Ops.Linear.Call(input, weights, bias);
            }
        }
    }
}
