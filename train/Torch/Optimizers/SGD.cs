using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Stochastic gradient descent with optional (Nesterov) momentum, as PyTorch defines it.</summary>
        public class SGD : OptimizerHelper
        {
            public SGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
                : this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
            {
            }

            public SGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
            {
                if (!(lr >= 0 && momentum >= 0 && weight_decay >= 0) || (nesterov && (momentum == 0 || dampening != 0)))
                {
                    throw new ArgumentException(
                        $"lr {lr}, momentum {momentum} and weight_decay {weight_decay} must not be negative; Nesterov needs momentum and no dampening ({dampening}).");
                }
                var defaults = new Options { LearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize };
                foreach (var group in parameters)
                {
                    group.Options ??= new Options();
                    group.Options.Complete(defaults);
                    Add(group, _ => new State());
                }
            }

            protected override void Update(OptimizerOptions options, Parameter parameter, Tensor grad, OptimizerState state)
            {
                var (o, s) = ((Options)options, (State)state);
                var momentum = o.momentum!.Value;
                if (o.maximize == true) grad = -grad;
                if (o.weight_decay is > 0) grad = grad.add(parameter, alpha: o.weight_decay.Value);
                if (momentum != 0)
                {
                    if (s.momentum_buffer is null)
                    {
                        s.momentum_buffer = grad.clone().DetachFromDisposeScope();
                    }
                    else
                    {
                        Ops.MulScalarIn.Run(s.momentum_buffer, (Scalar)momentum);
                        Ops.AddIn.Run(s.momentum_buffer, grad, (Scalar)(1 - o.dampening!.Value));
                    }
                    grad = o.nesterov == true ? grad.add(s.momentum_buffer, alpha: momentum) : s.momentum_buffer;
                }
                Ops.AddIn.Run(parameter, grad, (Scalar)(-o.LearningRate!.Value));
            }

            public class Options : OptimizerOptions
            {
                public double? momentum;
                public double? dampening;
                public double? weight_decay;
                public bool? nesterov;
                public bool? maximize;

                internal void Complete(Options defaults)
                {
                    LearningRate ??= defaults.LearningRate;
                    momentum ??= defaults.momentum;
                    dampening ??= defaults.dampening;
                    weight_decay ??= defaults.weight_decay;
                    nesterov ??= defaults.nesterov;
                    maximize ??= defaults.maximize;
                }

                public override void LoadStateDict(OptimizerOptions source)
                {
                    base.LoadStateDict(source);
                    var other = (Options)source;
                    (momentum, dampening, weight_decay, nesterov, maximize) = (other.momentum, other.dampening, other.weight_decay, other.nesterov, other.maximize);
                }
            }

            public sealed class State : OptimizerState
            {
                public Tensor? momentum_buffer;

                internal State()
                {
                }

                public override void LoadStateDict(OptimizerState source)
                {
                    var other = (State)source;
                    momentum_buffer = Copy(other.momentum_buffer, momentum_buffer, (momentum_buffer ?? other.momentum_buffer)?.device ?? CPU);
                }

                internal override void Release() => momentum_buffer?.Dispose();
            }

            public class ParamGroup : ParamGroup<Options>
            {
                public ParamGroup()
                {
                }

                public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options)
                {
                }
            }
        }
    }

    public static partial class torch
    {
        public static partial class optim
        {
            public static SGD SGD(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
