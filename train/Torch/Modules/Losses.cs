using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op MseLoss = new("mse_loss"), L1Loss = new("l1_loss"), SmoothL1Loss = new("smooth_l1_loss"), HuberLoss = new("huber_loss"),
            CrossEntropy = new("cross_entropy_loss"), NllLoss = new("nll_loss_nd"), BceWithLogits = new("binary_cross_entropy_with_logits"),
            KlDiv = new("kl_div"), OneHot = new("one_hot");
    }

    public static partial class nn
    {
        public static partial class functional
        {
            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Ops.MseLoss.Call(input, target, reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Ops.L1Loss.Call(input, target, reduction);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1.0) => Ops.SmoothL1Loss.Call(input, target, reduction, beta);

            public static Tensor huber_loss(Tensor input, Tensor target, double delta = 1.0, Reduction reduction = Reduction.Mean) => Ops.HuberLoss.Call(input, target, reduction, delta);

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                Ops.CrossEntropy.Call(input, target, weight, reduction, ignore_index, label_smoothing);

            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) => Ops.NllLoss.Call(input, target, weight, reduction);

            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) =>
                Ops.BceWithLogits.Call(input, target, weight, pos_weights, reduction);

            /// <summary>The pointwise divergence of input (log-probabilities) from target, which is in logs too by default, as in TorchSharp.</summary>
            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) => Ops.KlDiv.Call(input, target, reduction, log_target);

            public static Tensor one_hot(Tensor x, long num_classes = -1) => Ops.OneHot.Call(x, num_classes);
        }

        public static class utils
        {
            /// <summary>Scales all gradients together so that their joint norm is at most max_norm; returns the norm before. Waits for the device.</summary>
            public static double clip_grad_norm_(IEnumerable<Modules.Parameter> tensors, double max_norm, double norm_type = 2.0)
            {
                using var quiet = no_grad();
                using var scope = NewDisposeScope();
                var grads = tensors.Select(p => p.grad).Where(g => g is not null).Select(g => g!).ToArray();
                if (grads.Length == 0) return 0;
                var norms = stack(grads.Select(g => Ops.VectorNorm.Call(g, (Scalar)norm_type)));
                var total = Ops.VectorNorm.Call(norms, (Scalar)norm_type).ToDouble();
                var scale = max_norm / (total + 1e-6);
                if (scale < 1)
                {
                    foreach (var grad in grads) Ops.MulScalarIn.Run(grad, (Scalar)scale);
                }
                return total;
            }

            /// <summary>Clamps every element of every gradient to [-clip_value, clip_value].</summary>
            public static void clip_grad_value_(IEnumerable<Modules.Parameter> tensors, double clip_value)
            {
                using var quiet = no_grad();
                foreach (var parameter in tensors)
                {
                    using var grad = parameter.grad;
                    if (grad is not null) Ops.ClampIn.Run(grad, (Scalar)(-clip_value), (Scalar)clip_value);
                }
            }
        }
    }
}
