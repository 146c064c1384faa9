using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public abstract class Optimizer : IDisposable
            {
                /// <summary>Zeroes every gradient in place.</summary>
                public abstract void zero_grad();

                /// <summary>One update from the gradients; with a closure, the loss it returns.</summary>
                public abstract Tensor? step(Func<Tensor>? closure = null);

                public abstract IEnumerable<Parameter> parameters();

                public abstract IEnumerable<ILearningRateController> ParamGroups { get; }

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                }

                /// <summary>What a checkpoint holds: the options of each group and the state of each parameter, in order.</summary>
                public class StateDictionary
                {
                    internal StateDictionary(List<OptimizerOptions> options, List<OptimizerState> state) => (Options, State) = (options, state);

                    public List<OptimizerOptions> Options { get; }

                    public List<OptimizerState> State { get; }
                }
            }

            public interface ILearningRateController
            {
                double LearningRate { get; set; }

                double InitialLearningRate { get; set; }
            }
        }
    }

    namespace Modules
    {
        public class OptimizerOptions
        {
            public double? LearningRate { get; set; }

            public double InitialLearningRate { get; set; }

            public virtual void LoadStateDict(OptimizerOptions source) => (LearningRate, InitialLearningRate) = (source.LearningRate, source.InitialLearningRate);
        }

        public abstract class OptimizerState
        {
            /// <summary>Copies the source's state, so that both live on apart.</summary>
            public abstract void LoadStateDict(OptimizerState source);

            internal abstract void Release();

            /// <summary>A copy of a state tensor on the device of the one it replaces.</summary>
            protected static torch.Tensor? Copy(torch.Tensor? source, torch.Tensor? target, torch.Device device)
            {
                target?.Dispose();
                return source?.to(device, copy: true).DetachFromDisposeScope();
            }
        }

        public class ParamGroup : torch.optim.ILearningRateController
        {
            public IEnumerable<Parameter> Parameters { get; set; } = [];

            public OptimizerOptions? Options { get; set; }

            public double LearningRate
            {
                get => Options!.LearningRate!.Value;
                set => Options!.LearningRate = value;
            }

            public double InitialLearningRate
            {
                get => Options!.InitialLearningRate;
                set => Options!.InitialLearningRate = value;
            }
        }

        public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null) => (Parameters, base.Options) = (parameters, options);

            public new TOptions? Options
            {
                get => (TOptions?)base.Options;
                set => base.Options = value;
            }
        }

        /// <summary>What optimizers share: groups, the state of each parameter, loading and saving.</summary>
        public abstract class OptimizerHelper : torch.optim.Optimizer
        {
            readonly List<(ParamGroup Group, (Parameter Parameter, OptimizerState State)[] Items)> _groups = [];

            public override IEnumerable<torch.optim.ILearningRateController> ParamGroups => _groups.Select(g => g.Group);

            public override IEnumerable<Parameter> parameters() => _groups.SelectMany(g => g.Items.Select(i => i.Parameter));

            public override void zero_grad()
            {
                foreach (var parameter in parameters())
                {
                    using var grad = parameter.grad;
                    if (grad is not null) torch.Ops.Zero.Run(grad);
                }
            }

            public override torch.Tensor? step(Func<torch.Tensor>? closure = null)
            {
                torch.Tensor? loss = null;
                if (closure is not null)
                {
                    using var recording = torch.enable_grad();
                    loss = closure();
                }
                using var quiet = torch.no_grad();
                using var scope = torch.NewDisposeScope();
                foreach (var (group, items) in _groups)
                {
                    foreach (var (parameter, state) in items)
                    {
                        if (parameter.grad is { } grad) Update(group.Options!, parameter, grad, state);
                    }
                }
                return loss;
            }

            public StateDictionary state_dict() => new(
                _groups.Select(g => g.Group.Options!).ToList(), _groups.SelectMany(g => g.Items.Select(i => i.State)).ToList());

            public void load_state_dict(StateDictionary state_dict)
            {
                var own = this.state_dict();
                if (state_dict.Options.Count != own.Options.Count || state_dict.State.Count != own.State.Count)
                {
                    throw new ArgumentException(
                        $"the optimizer has {own.Options.Count} group(s) and {own.State.Count} parameter(s), the state {state_dict.Options.Count} and {state_dict.State.Count}.");
                }
                for (var k = 0; k < own.Options.Count; k++)
                {
                    if (!ReferenceEquals(own.Options[k], state_dict.Options[k])) own.Options[k].LoadStateDict(state_dict.Options[k]);
                }
                for (var k = 0; k < own.State.Count; k++)
                {
                    if (!ReferenceEquals(own.State[k], state_dict.State[k])) own.State[k].LoadStateDict(state_dict.State[k]);
                }
            }

            protected void Add(ParamGroup group, Func<Parameter, OptimizerState> stateOf)
            {
                group.Options!.InitialLearningRate = group.LearningRate;
                _groups.Add((group, group.Parameters.Select(p => (p, stateOf(p))).ToArray()));
            }

            /// <summary>Updates one parameter in place; runs unseen by autograd, in a dispose scope of the step's own.</summary>
            protected abstract void Update(OptimizerOptions options, Parameter parameter, torch.Tensor grad, OptimizerState state);

            protected override void Dispose(bool disposing)
            {
                base.Dispose(disposing);
                if (!disposing) return;
                foreach (var (_, items) in _groups)
                {
                    foreach (var (_, state) in items) state.Release();
                }
            }
        }
    }
}
