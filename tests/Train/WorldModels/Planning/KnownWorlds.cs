using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Planning;

/// <summary>A world whose step is a formula; its state is the observation.</summary>
sealed class FormulaWorld(int latent, int actions, Func<Tensor, Tensor, DreamStep> step) : IWorldModel
{
    public int LatentWidth => latent;

    public int ActionWidth => actions;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations;

    public DreamStep Step(Tensor state, Tensor action, Generator? generator) => step(state, action);

    public Tensor Decode(Tensor state) => state;

    public void Dispose()
    {
    }
}

/// <summary>A world with memory, z = (x, m): m is the sum of all actions since the episode began, which x does not show. The reward is -(u - x - m)^2, so that the best action is x + m.</summary>
sealed class RememberingWorld : IWorldModel
{
    public int LatentWidth => 2;

    public int ActionWidth => 1;

    public bool HasMemory => true;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => throw new NotSupportedException("An observation is not the state.");

    public Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator) =>
        cat([observations, before.narrow(-1, 1, 1).add(action).masked_fill(starts.unsqueeze(-1), 0)], -1);

    public DreamStep Step(Tensor state, Tensor action, Generator? generator) =>
        new(cat([state.narrow(-1, 0, 1), state.narrow(-1, 1, 1).add(action)], -1), action.squeeze(-1).sub(state.sum(-1)).square().neg(), ones([state.size(0)]));

    public Tensor Decode(Tensor state) => state.narrow(-1, 0, 1);

    public void Dispose()
    {
    }
}

static class KnownWorlds
{
    /// <summary>x' = x + u, reward -(x'^2 + u^2), never over.</summary>
    public static FormulaWorld Line() => new(1, 1, (x, u) =>
    {
        var next = x.add(u);
        return new(next, next.square().add(u.square()).sum(-1).neg(), ones([x.size(0)]));
    });

    /// <summary>x' = A x + B u, reward -(x' Q x' + u R u) with diagonal Q and R.</summary>
    public static FormulaWorld Linear(Tensor a, Tensor b, Tensor q, Tensor r) => new((int)a.size(0), (int)b.size(1), (x, u) =>
    {
        var next = x.matmul(a.t()).add(u.matmul(b.t()));
        return new(next, next.square().mul(q).sum(-1).add(u.square().mul(r).sum(-1)).neg(), ones([x.size(0)]));
    });

    /// <summary>x' = x + u; a low hill at -1, where it begins, and one of three times its height at 2, out of sight of a gradient at the start.</summary>
    public static FormulaWorld Hills() => new(1, 1, (x, u) =>
    {
        var next = x.add(u);
        var reward = next.sub(2).square().mul(-4).exp().mul(3).add(next.add(1).square().mul(-4).exp());
        return new(next, reward.sum(-1), ones([x.size(0)]));
    });

    /// <summary>
    /// States 0 to 3 as one-hot vectors. In 0, action 0 earns 1 and stays; action 1 leads through 1 and 2, each by action 1 again and for nothing, to 10 and the end (3); action 0 in 1 or 2 leads back to 0.
    /// Action 2 ends it with 2 at once, anywhere but in 3. After the end nothing is earned.
    /// </summary>
    public static FormulaWorld Chain() => new(4, 3, (z, a) =>
    {
        // [S, A] rewards and next states.
        var rewards = tensor(new float[,] { { 1, 0, 2 }, { 0, 0, 2 }, { 0, 10, 2 }, { 0, 0, 0 } });
        var next = tensor(ChainNext.Select(s => (float)s).ToArray()).reshape(4, 3).to(ScalarType.Int64);
        var joint = z.unsqueeze(-1).mul(a.unsqueeze(-2));
        var ends = next.eq(3).to(ScalarType.Float32);
        var to = zeros([4, 3, 4]).scatter(-1, next.unsqueeze(-1), ones([4, 3, 1]));
        return new(
            joint.flatten(1).matmul(to.reshape(12, 4)),
            joint.mul(rewards).sum([1, 2]),
            joint.mul(ends).sum([1, 2]).neg().add(1));
    });

    /// <summary>Next states of <see cref="Chain"/>, [S, A].</summary>
    public static readonly int[] ChainNext = [0, 1, 3, 0, 2, 3, 0, 3, 3, 3, 3, 3];

    /// <summary>Rewards of <see cref="Chain"/>, [S, A].</summary>
    public static readonly double[] ChainRewards = [1, 0, 2, 0, 0, 2, 0, 10, 2, 0, 0, 0];

    /// <summary>The best return of <see cref="Chain"/> over every sequence of so many actions, by enumeration.</summary>
    public static (double Return, int[] Actions) BestOfChain(int state, int horizon, double discount)
    {
        var best = (Return: double.NegativeInfinity, Actions: Array.Empty<int>());
        for (var code = 0; code < Math.Pow(3, horizon); code++)
        {
            var (s, sum, weight, rest) = (state, 0.0, 1.0, code);
            var actions = new int[horizon];
            for (var t = 0; t < horizon; t++)
            {
                (actions[t], rest) = (rest % 3, rest / 3);
                sum += weight * ChainRewards[(s * 3) + actions[t]];
                s = ChainNext[(s * 3) + actions[t]];
                weight *= discount;
            }

            if (sum > best.Return)
                best = (sum, actions);
        }

        return best;
    }

    /// <summary>The first control and the whole cost of the best plan of H steps for a linear system, by the Riccati recursion: diagonal Q on next states, R on controls.</summary>
    public static (double[] Control, double Cost) Riccati(double[,] a, double[,] b, double[] q, double[] r, double[] x, int horizon)
    {
        var matrices = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build;
        var (am, bm, qm, rm) = (matrices.DenseOfArray(a), matrices.DenseOfArray(b), matrices.DenseOfDiagonalArray(q), matrices.DenseOfDiagonalArray(r));
        var state = MathNet.Numerics.LinearAlgebra.Vector<double>.Build.DenseOfArray(x);
        var p = matrices.Dense(x.Length, x.Length);
        var gain = matrices.Dense(r.Length, x.Length);
        for (var t = 0; t < horizon; t++)
        {
            var s = qm + p;
            gain = (rm + (bm.Transpose() * s * bm)).Solve(bm.Transpose() * s * am);
            p = am.Transpose() * s * (am - (bm * gain));
        }

        return ((-(gain * state)).ToArray(), state * (p * state));
    }
}
