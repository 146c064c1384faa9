namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Fills tensors in place, unseen by autograd. Where TorchSharp takes no generator, the default one draws.</summary>
        public static class init
        {
            public enum NonlinearityType
            {
                Linear = 0,
                Sigmoid = 1,
                Tanh = 2,
                ReLU = 3,
                LeakyReLU = 4,
            }

            public enum FanInOut
            {
                FanIn = 0,
                FanOut = 1,
            }

            public static double calculate_gain(NonlinearityType nonlinearity, double param = 0.0) => nonlinearity switch
            {
                NonlinearityType.Tanh => 5.0 / 3.0,
                NonlinearityType.ReLU => Math.Sqrt(2.0),
                NonlinearityType.LeakyReLU => Math.Sqrt(2.0 / (1 + param * param)),
                _ => 1.0,
            };

            public static Tensor zeros_(Tensor tensor) => Quietly(() => tensor.zero_());

            public static Tensor ones_(Tensor tensor) => constant_(tensor, 1.0);

            public static Tensor constant_(Tensor tensor, Scalar val) => Quietly(() => tensor.fill_(val));

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null) =>
                Quietly(() => tensor.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null) =>
                Quietly(() => tensor.normal_(mean, std, generator));

            /// <summary>Uniform in +-gain sqrt(3 / fan) (He et al. 2015, arXiv:1502.01852).</summary>
            public static Tensor kaiming_uniform_(Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                var bound = calculate_gain(nonlinearity, a) * Math.Sqrt(3.0 / (mode == FanInOut.FanIn ? fanIn : fanOut));
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Uniform in +-gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).</summary>
            public static Tensor xavier_uniform_(Tensor tensor, double gain = 1.0)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                var bound = gain * Math.Sqrt(6.0 / (fanIn + fanOut));
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Rows or columns, whichever are fewer, orthonormal times gain (Saxe et al. 2013, arXiv:1312.6120).</summary>
            public static Tensor orthogonal_(Tensor tensor, double gain = 1.0) => Orthogonal(tensor, gain, null);

            internal static Tensor Orthogonal(Tensor tensor, double gain, Generator? generator)
            {
                using var quiet = no_grad();
                using var scope = NewDisposeScope();
                var rows = tensor.shape[0];
                var columns = tensor.numel() / rows;
                var normal = empty([Math.Max(rows, columns), Math.Min(rows, columns)], tensor.dtype, tensor.device).normal_(0, 1, generator);
                var (q, r) = linalg.qr(normal);
                // The signs of R's diagonal make the distribution uniform over orthogonal matrices.
                var orthogonal = q * r.diag().sign();
                return scope.MoveToOuter(tensor.copy_((rows < columns ? orthogonal.t() : orthogonal).reshape(tensor.shape) * gain));
            }

            public static (long fanIn, long fanOut) CalculateFanInAndFanOut(Tensor tensor)
            {
                var shape = tensor.shape;
                if (shape.Length < 2) throw new ArgumentException($"fan in and fan out need at least two axes; got {tensor}.", nameof(tensor));
                var field = shape.Skip(2).Aggregate(1L, (product, size) => product * size);
                return (shape[1] * field, shape[0] * field);
            }

            static Tensor Quietly(Func<Tensor> fill)
            {
                using var quiet = no_grad();
                return fill();
            }
        }
    }
}
