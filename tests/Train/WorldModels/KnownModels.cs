using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Estimators;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>Settings of dreams for tests, with everything set that a learner would fill in.</summary>
sealed record TestDreams : DreamingConfig
{
    public TestDreams() => (EntropyBonus, Critic, SlowCritic, SlowCriticRate, SlowCriticPeriodSteps, ReturnNormalization) = (0, NormalCritic, SlowTargets, 0.05, 1, NoNormalization);
}

/// <summary>z' = a z + b u + sigma e, reward 1 - z'^2, never ending; disagreement |z|.</summary>
sealed class LinearGaussianModel(double a = 0.9, double b = 0.5, double sigma = 0.3, double cutAbove = double.PositiveInfinity) : IWorldModel
{
    public int LatentWidth => 1;

    public int ActionWidth => 1;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations;

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var next = latent.mul(a).add(action, alpha: b);
        if (generator is not null)
            next = next.add(randn(next.shape, generator: generator), alpha: sigma);
        var reward = next.square().neg().add(1).squeeze(-1);
        return new DreamStep(next, reward, ones_like(reward), latent.abs().squeeze(-1), Truncated: double.IsInfinity(cutAbove) ? null : latent.abs().squeeze(-1).gt(cutAbove));
    }

    public Tensor Decode(Tensor latent) => latent;

    public void Dispose()
    {
    }

    /// <summary>E of sum_t gamma^t r_t + gamma^T (w z_T + v), of the policy u ~ N(k z + c, s), from z_0.</summary>
    public double Value(double start, int steps, double discount, (double K, double C, double S) policy, (double W, double V) final)
    {
        var (mean, variance, sum, weight) = (start, 0.0, 0.0, 1.0);
        for (var t = 0; t < steps; t++)
        {
            var slope = a + (b * policy.K);
            (mean, variance) = ((slope * mean) + (b * policy.C), (slope * slope * variance) + (b * b * policy.S * policy.S) + (sigma * sigma));
            sum += weight * (1 - (mean * mean) - variance);
            weight *= discount;
        }

        return sum + (weight * ((final.W * mean) + final.V));
    }
}

/// <summary>Three states and two actions as one-hot vectors; reward by state and action, continuation by the next state.</summary>
sealed class SmallMdpModel : IWorldModel
{
    static readonly double[,,] Next =
    {
        { { 0.8, 0.2, 0 }, { 0.1, 0.3, 0.6 } },
        { { 0.5, 0.5, 0 }, { 0, 0.2, 0.8 } },
        { { 0.1, 0, 0.9 }, { 0.7, 0.3, 0 } },
    };

    static readonly double[,] Rewards = { { 0.2, -0.1 }, { 0, -0.3 }, { 1, 0.4 } };
    static readonly double[] Goes = [1, 0.9, 0.8];

    readonly Tensor _next = tensor(Next.Cast<double>().Select(p => (float)p).ToArray()).reshape(6, 3).DetachFromDisposeScope();
    readonly Tensor _rewards = tensor(Rewards.Cast<double>().Select(r => (float)r).ToArray()).reshape(6, 1).DetachFromDisposeScope();
    readonly Tensor _goes = tensor(Goes.Select(c => (float)c).ToArray()).reshape(3, 1).DetachFromDisposeScope();

    public int LatentWidth => 3;

    public int ActionWidth => 2;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations;

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var pair = latent.unsqueeze(-1).mul(action.unsqueeze(-2)).flatten(1);
        var next = Relaxations.StraightThrough(new Categorical(pair.matmul(_next).add(1e-9).log()), generator!);
        return new DreamStep(next, pair.matmul(_rewards).squeeze(-1), next.matmul(_goes).squeeze(-1));
    }

    public Tensor Decode(Tensor latent) => latent;

    public void Dispose()
    {
        _next.Dispose();
        _rewards.Dispose();
        _goes.Dispose();
    }

    /// <summary>The exact values of a policy, the probability of the second action in each state; by iteration to the end.</summary>
    public static double[] Values(double[] second, double discount)
    {
        var values = new double[3];
        for (var sweep = 0; sweep < 2_000; sweep++)
            values = [.. Enumerable.Range(0, 3).Select(s => ((1 - second[s]) * ActionValue(s, 0, values, discount)) + (second[s] * ActionValue(s, 1, values, discount)))];
        return values;
    }

    /// <summary>The values of the best policy.</summary>
    public static double[] BestValues(double discount) =>
        Enumerable.Range(0, 8).Select(k => Values([k & 1, (k >> 1) & 1, k >> 2], discount)).MaxBy(values => values.Sum())!;

    static double ActionValue(int s, int a, double[] values, double discount)
    {
        var sum = Rewards[s, a];
        for (var next = 0; next < 3; next++)
            sum += discount * Next[s, a, next] * Goes[next] * values[next];
        return sum;
    }
}
