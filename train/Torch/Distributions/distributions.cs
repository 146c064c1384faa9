using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class distributions
        {
            public abstract class Distribution : IDisposable
            {
                protected Distribution(Generator? generator) => this.generator = generator;

                protected Generator? generator { get; }

                public abstract Tensor mean { get; }

                public abstract Tensor variance { get; }

                public virtual Tensor stddev => variance.sqrt();

                /// <summary>A sample that no gradient flows through.</summary>
                public virtual Tensor sample(params long[] sample_shape)
                {
                    using var quiet = no_grad();
                    return rsample(sample_shape);
                }

                public abstract Tensor rsample(params long[] sample_shape);

                public abstract Tensor log_prob(Tensor value);

                public abstract Tensor entropy();

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected abstract void Dispose(bool disposing);
            }

            /// <summary>Over 0 .. n - 1, from probabilities or logits [..., n], which are normalised.</summary>
            public static Categorical Categorical(Tensor? probs = null, Tensor? logits = null, Generator? generator = null) => new(probs, logits, generator);

            public static Normal Normal(Tensor loc, Tensor scale, Generator? generator = null) => new(loc, scale, generator);
        }
    }

    namespace Modules
    {
        public class Categorical : torch.distributions.Distribution
        {
            readonly torch.Tensor? _probs;
            readonly torch.Tensor? _logits;

            public Categorical(torch.Tensor? probs = null, torch.Tensor? logits = null, torch.Generator? generator = null) : base(generator)
            {
                if (probs is null == logits is null) throw new ArgumentException("Categorical takes either probs or logits.");
                _probs = probs is null ? null : (probs / probs.sum(-1, keepdim: true)).DetachFromDisposeScope();
                _logits = logits is null ? null : (logits - logits.logsumexp(-1, keepdim: true)).DetachFromDisposeScope();
            }

            public torch.Tensor probs => _probs ?? _logits!.softmax(-1);

            public torch.Tensor logits => _logits ?? _probs!.clamp(1.1920928955078125e-07, 1 - 1.1920928955078125e-07).log();

            public override torch.Tensor mean => torch.full_like((_probs ?? _logits!).select(-1, 0), double.NaN);

            public override torch.Tensor variance => mean;

            public override torch.Tensor rsample(params long[] sample_shape)
            {
                using var scope = torch.NewDisposeScope();
                var weights = probs;
                var shape = weights.shape;
                var count = sample_shape.Aggregate(1L, (product, size) => product * size);
                var drawn = torch.multinomial(weights.reshape(-1, shape[^1]), count, true, generator).t();
                return scope.MoveToOuter(drawn.reshape([.. sample_shape, .. shape[..^1]]));
            }

            public override torch.Tensor log_prob(torch.Tensor value)
            {
                using var scope = torch.NewDisposeScope();
                var both = torch.broadcast_tensors(value.@long().unsqueeze(-1), logits);
                return scope.MoveToOuter(both[1].gather(-1, both[0].narrow(-1, 0, 1)).squeeze(-1));
            }

            public override torch.Tensor entropy()
            {
                using var scope = torch.NewDisposeScope();
                return scope.MoveToOuter(-(logits.clamp_min((double)float.MinValue) * probs).sum(-1));
            }

            protected override void Dispose(bool disposing)
            {
                if (!disposing) return;
                _probs?.Dispose();
                _logits?.Dispose();
            }
        }

        public class Normal : torch.distributions.Distribution
        {
            readonly torch.Tensor _loc;
            readonly torch.Tensor _scale;

            public Normal(torch.Tensor loc, torch.Tensor scale, torch.Generator? generator = null) : base(generator)
            {
                var both = torch.broadcast_tensors(loc, scale);
                _loc = both[0].DetachFromDisposeScope();
                _scale = both[1].DetachFromDisposeScope();
            }

            public override torch.Tensor mean => _loc;

            public override torch.Tensor stddev => _scale;

            public override torch.Tensor variance => _scale.square();

            /// <summary>loc + scale eps, through which gradients flow.</summary>
            public override torch.Tensor rsample(params long[] sample_shape)
            {
                using var scope = torch.NewDisposeScope();
                var noise = torch.randn([.. sample_shape, .. _loc.shape], _loc.dtype, _loc.device, generator: generator);
                return scope.MoveToOuter(_loc + noise * _scale);
            }

            public override torch.Tensor log_prob(torch.Tensor value)
            {
                using var scope = torch.NewDisposeScope();
                return scope.MoveToOuter(-(value - _loc).square() / (2 * _scale.square()) - _scale.log() - Math.Log(Math.Sqrt(2 * Math.PI)));
            }

            public override torch.Tensor entropy()
            {
                using var scope = torch.NewDisposeScope();
                return scope.MoveToOuter(0.5 + 0.5 * Math.Log(2 * Math.PI) + _scale.log());
            }

            protected override void Dispose(bool disposing)
            {
                if (!disposing) return;
                _loc.Dispose();
                _scale.Dispose();
            }
        }
    }
}
