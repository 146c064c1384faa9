using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class CategoricalLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("losses.json", "categorical");

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Project_ByHand_SplitsEachAtomBetweenItsNeighbors()
    {
        // Atoms 0, 1, 2. 0.25 + 0.5 z lands on 0.25, 0.75, 1.25: a quarter and three quarters of the way between atoms.
        var projected = CategoricalLosses.Project(tensor(new[] { 0.25f }), tensor(new[] { 0.5f }), tensor(new[] { 0.5f, 0.25f, 0.25f }).reshape(1, 3), Support(0, 2, 3), 0, 2);
        AssertClose(tensor(new[] { (0.5f * 0.75f) + (0.25f * 0.25f), (0.5f * 0.25f) + (0.25f * 0.75f) + (0.25f * 0.75f), 0.25f * 0.25f }).reshape(1, 3), projected);
    }

    [Fact]
    public void Project_BeyondTheEnds_PutsTheMassOnTheEnds()
    {
        var p = tensor(new[] { 0.2f, 0.3f, 0.5f }).reshape(1, 3);
        AssertClose(tensor(new[] { 0f, 0, 1 }).reshape(1, 3), CategoricalLosses.Project(tensor(new[] { 100f }), ones(1), p, Support(0, 2, 3), 0, 2));
        AssertClose(tensor(new[] { 1f, 0, 0 }).reshape(1, 3), CategoricalLosses.Project(tensor(new[] { -100f }), ones(1), p, Support(0, 2, 3), 0, 2));
        // A termination: all mass at the reward.
        AssertClose(tensor(new[] { 0f, 0.5f, 0.5f }).reshape(1, 3), CategoricalLosses.Project(tensor(new[] { 1.5f }), zeros(1), p, Support(0, 2, 3), 0, 2));
    }

    [Fact]
    public void Project_InsideTheSupport_KeepsTheMeanAndTheMass()
    {
        var support = Support(-10, 10, 51);
        using var noise = new Generator(3);
        var p = rand([40, 51], generator: noise).softmax(-1);
        var (r, d) = (rand([40], generator: noise) - 0.5, rand([40], generator: noise) * 0.9);
        var projected = CategoricalLosses.Project(r, d, p, support, -10, 10);
        AssertClose(ones(40), projected.sum(-1L), 1e-5);
        AssertClose(r + (d * CategoricalLosses.Mean(p, support)), CategoricalLosses.Mean(projected, support), 1e-5);
    }

    [Fact]
    public void Project_WithoutShiftOrDiscount_IsTheIdentity()
    {
        var p = tensor(new[] { 0.1f, 0.2f, 0.3f, 0.4f }).reshape(1, 4);
        AssertClose(p, CategoricalLosses.Project(zeros(1), ones(1), p, Support(-1, 2, 4), -1, 2));
    }

    [Fact]
    public void AllOfIt_EqualsTheGoldenNumbers()
    {
        var (low, high) = (_golden.Number("low"), _golden.Number("high"));
        var (logits, actions) = (_golden.Floats("logits").requires_grad_(), _golden.Longs("actions"));
        var support = Support(low, high, 7);
        var next = _golden.Floats("next_logits").softmax(-1);
        var means = CategoricalLosses.Mean(next, support);
        var best = means.argmax(-1);
        AssertClose(_golden.Floats("next_means"), means.amax([-1]));
        var target = CategoricalLosses.Project(_golden.Floats("rewards"), _golden.Floats("discounts"), Distributions.At(next, best), support, low, high);
        AssertClose(_golden.Floats("projected"), target);
        AssertClose(_golden.Floats("losses"), CategoricalLosses.CrossEntropy(logits, actions, target), 2e-6);
        AssertClose(_golden.Floats("gradient"), CategoricalLosses.MeanCrossEntropyGradient(logits.detach(), actions, target, _golden.Floats("weights")));
        // The same with a reward changed by a hundredth is another number.
        var other = CategoricalLosses.Project(_golden.Floats("rewards") * 0.5, _golden.Floats("discounts"), Distributions.At(next, best), support, low, high);
        Assert.True(Distance(target, other) > 1e-3);
    }

    [Fact]
    public void MeanCrossEntropyGradient_EqualsAutograds()
    {
        var (logits, actions, target) = (_golden.Floats("logits").requires_grad_(), _golden.Longs("actions"), _golden.Floats("projected"));
        CategoricalLosses.CrossEntropy(logits, actions, target).mean().backward();
        AssertClose(logits.grad!, CategoricalLosses.MeanCrossEntropyGradient(logits.detach(), actions, target));
    }

    [Fact]
    public void Project_OfTwoLeadingAxes_EqualsEachRowAlone()
    {
        var next = _golden.Floats("next_logits").softmax(-1).select(1, 0);
        var (r, d, support) = (_golden.Floats("rewards"), _golden.Floats("discounts"), Support(-1.5, 3, 7));
        var flat = CategoricalLosses.Project(r, d, next, support, -1.5, 3);
        AssertClose(flat.reshape(2, 3, 7), CategoricalLosses.Project(r.reshape(2, 3), d.reshape(2, 3), next.reshape(2, 3, 7), support, -1.5, 3), 0);
    }

    [Fact]
    public void Project_OfOtherShapes_NamesTheArgument()
    {
        Assert.Contains("support", Assert.Throws<ArgumentException>(() => CategoricalLosses.Project(zeros(2), ones(2), ones(2, 3), Support(0, 1, 4), 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("rT", Assert.Throws<ArgumentException>(() => CategoricalLosses.Project(zeros(2, 1), ones(2), ones(2, 3), Support(0, 1, 3), 0, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Support(1, 1, 5));
    }

    static Tensor Support(double low, double high, int atoms) => CategoricalLosses.Support(low, high, atoms, CPU);
}
