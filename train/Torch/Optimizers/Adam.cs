using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Adam (Kingma and Ba 2014, arXiv:1412.6980, algorithm 1), in the order of operations of PyTorch.</summary>
        public class Adam : OptimizerHelper
        {
            public Adam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
                : this([new ParamGroup { Parameters = parameters }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
            {
            }

            public Adam(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            {
                if (!(lr >= 0 && eps >= 0 && weight_decay >= 0 && beta1 is >= 0 and < 1 && beta2 is >= 0 and < 1))
                {
                    throw new ArgumentException($"lr {lr}, eps {eps} and weight_decay {weight_decay} must not be negative, beta1 {beta1} and beta2 {beta2} must lie in [0, 1).");
                }
                var defaults = new Options { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize };
                foreach (var group in parameters)
                {
                    group.Options ??= new Options();
                    group.Options.Complete(defaults);
                    Add(group, p => new State(p, group.Options.amsgrad == true));
                }
            }

            /// <summary>Whether weight decay shrinks the weights themselves instead of joining the gradient.</summary>
            private protected virtual bool Decoupled => false;

            protected override void Update(OptimizerOptions options, Parameter parameter, Tensor grad, OptimizerState state)
            {
                var (o, s) = ((Options)options, (State)state);
                var (beta1, beta2, rate, decay) = (o.beta1!.Value, o.beta2!.Value, o.LearningRate!.Value, o.weight_decay!.Value);
                s.step++;
                if (o.maximize == true) grad = -grad;
                if (decay != 0 && Decoupled) Ops.MulScalarIn.Run(parameter, (Scalar)(1 - rate * decay));
                else if (decay != 0) grad = grad.add(parameter, alpha: decay);
                Ops.MulScalarIn.Run(s.exp_avg, (Scalar)beta1);
                Ops.AddIn.Run(s.exp_avg, grad, (Scalar)(1 - beta1));
                Ops.MulScalarIn.Run(s.exp_avg_sq, (Scalar)beta2);
                Ops.AddCMulIn.Run(s.exp_avg_sq, grad, grad, (Scalar)(1 - beta2));
                var second = s.exp_avg_sq;
                if (o.amsgrad == true)
                {
                    Ops.Copy.Run(s.max_exp_avg_sq, s.max_exp_avg_sq!.maximum(s.exp_avg_sq));
                    second = s.max_exp_avg_sq;
                }
                var denominator = (second.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, s.step))).add_(o.eps!.Value);
                Ops.AddCDivIn.Run(parameter, s.exp_avg, denominator, (Scalar)(-rate / (1 - Math.Pow(beta1, s.step))));
            }

            public class Options : OptimizerOptions
            {
                public double? beta1;
                public double? beta2;
                public double? weight_decay;
                public double? eps;
                public bool? amsgrad;
                public bool? maximize;

                internal void Complete(Options defaults)
                {
                    LearningRate ??= defaults.LearningRate;
                    beta1 ??= defaults.beta1;
                    beta2 ??= defaults.beta2;
                    weight_decay ??= defaults.weight_decay;
                    eps ??= defaults.eps;
                    amsgrad ??= defaults.amsgrad;
                    maximize ??= defaults.maximize;
                }

                public override void LoadStateDict(OptimizerOptions source)
                {
                    base.LoadStateDict(source);
                    var other = (Options)source;
                    (beta1, beta2, weight_decay) = (other.beta1, other.beta2, other.weight_decay);
                    (eps, amsgrad, maximize) = (other.eps, other.amsgrad, other.maximize);
                }
            }

            public sealed class State : OptimizerState
            {
                public long step;
                public Tensor exp_avg;
                public Tensor exp_avg_sq;
                public Tensor? max_exp_avg_sq;

                internal State(Parameter parameter, bool amsgrad)
                {
                    using var quiet = no_grad();
                    exp_avg = zeros_like(parameter).DetachFromDisposeScope();
                    exp_avg_sq = zeros_like(parameter).DetachFromDisposeScope();
                    if (amsgrad) max_exp_avg_sq = zeros_like(parameter).DetachFromDisposeScope();
                }

                public override void LoadStateDict(OptimizerState source)
                {
                    var other = (State)source;
                    var device = exp_avg.device;
                    step = other.step;
                    exp_avg = Copy(other.exp_avg, exp_avg, device)!;
                    exp_avg_sq = Copy(other.exp_avg_sq, exp_avg_sq, device)!;
                    max_exp_avg_sq = Copy(other.max_exp_avg_sq, max_exp_avg_sq, device);
                }

                internal override void Release()
                {
                    exp_avg.Dispose();
                    exp_avg_sq.Dispose();
                    max_exp_avg_sq?.Dispose();
                }
            }

            public class ParamGroup : ParamGroup<Options>
            {
                public ParamGroup()
                {
                }

                public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options)
                {
                }

                public ParamGroup(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
                    : base(parameters, new Options { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize })
                {
                }
            }
        }

        /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv:1711.05101); the decay defaults to 0, as in TorchSharp.</summary>
        public class AdamW : Adam
        {
            public AdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
                : base(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
            {
            }

            public AdamW(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
                : base(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
            {
            }

            private protected override bool Decoupled => true;
        }
    }

    public static partial class torch
    {
        public static partial class optim
        {
            public static Adam Adam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static Adam Adam(IEnumerable<Adam.ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static AdamW AdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static AdamW AdamW(IEnumerable<AdamW.ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);
        }
    }
}
