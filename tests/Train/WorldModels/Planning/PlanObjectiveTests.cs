using OfflineRL.Train.WorldModels.Planning;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Planning;

public sealed class PlanObjectiveTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    // x' = x + u, reward x', goes on with probability 1/2, disagreement |u|. From 1 by 1 and 2: states 2 and 4.
    static FormulaWorld World() => new(1, 1, (x, u) => new(x.add(u), x.add(u).squeeze(-1), full([x.size(0)], 0.5, ScalarType.Float32), u.abs().squeeze(-1)));

    static Tensor Plans() => tensor(new float[] { 1, 2 }).reshape(1, 1, 2, 1);

    [Fact]
    public void Returns_ByHand()
    {
        var latents = ones(1, 1);
        // 2 + 0.9 * 0.5 * 4.
        Assert.Equal(3.8, new PlanObjective(0.9).Returns(World(), latents, Plans())[0, 0].ToDouble(), 1e-6);
        // (2 - 0.1 * 1) + 0.9 * 0.5 * (4 - 0.1 * 2).
        Assert.Equal(1.9 + (0.45 * 3.8), new PlanObjective(0.9, Penalty: 0.1).Returns(World(), latents, Plans())[0, 0].ToDouble(), 1e-6);
        // ... and 0.9^2 * 0.5^2 * v(4) with v(x) = 10 x.
        Assert.Equal(3.8 + (0.81 * 0.25 * 40), new PlanObjective(0.9, TerminalValue: z => z.squeeze(-1).mul(10)).Returns(World(), latents, Plans())[0, 0].ToDouble(), 1e-5);
        // Nothing after the first step at discount 0.
        Assert.Equal(2, new PlanObjective(0).Returns(World(), latents, Plans())[0, 0].ToDouble(), 1e-6);
    }

    [Fact]
    public void Returns_HaveTheGradientByHand()
    {
        // d/du0 (2 + 0.45 * 4) with every later state moved too: 1 + 0.45; d/du1: 0.45.
        var plans = Plans().requires_grad_();
        var gradient = autograd.grad([new PlanObjective(0.9).Returns(World(), ones(1, 1), plans).sum()], [plans])[0];
        Assert.Equal(1.45, gradient[0, 0, 0, 0].ToDouble(), 1e-6);
        Assert.Equal(0.45, gradient[0, 0, 1, 0].ToDouble(), 1e-6);
    }

    [Fact]
    public void Returns_OfManyCandidatesAndLanes_BelongToTheirOwn()
    {
        var plans = tensor(new float[] { 1, 2, 0, 0, 1, 2, 3, -1 }).reshape(2, 2, 2, 1);
        var returns = new PlanObjective(0.9).Returns(World(), tensor(new float[,] { { 1 }, { -1 } }), plans);
        // Lane 1: -1 -> 0 -> 2, and -1 -> 2 -> 1.
        double[] expected = [3.8, 1 + 0.45, 0.45 * 2, 2 + 0.45];
        for (var i = 0; i < 4; i++)
            Assert.Equal(expected[i], returns[i / 2, i % 2].ToDouble(), 1e-6);
    }

    [Fact]
    public void Returns_OfWhatDoesNotFit_SayWhatWasExpected()
    {
        Assert.Contains("[L, C, H, 1]", Assert.Throws<ArgumentException>(() => new PlanObjective().Returns(World(), ones(1, 1), ones([1, 1, 2, 3]))).Message, StringComparison.Ordinal);
        Assert.Contains("disagreement", Assert.Throws<ArgumentException>(() => new PlanObjective(Penalty: 1).Returns(KnownWorlds.Line(), ones(1, 1), Plans())).Message, StringComparison.Ordinal);
    }
}
