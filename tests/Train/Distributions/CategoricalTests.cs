using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

public sealed class CategoricalTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("distributions.json", "categorical", "policies");

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void LogProbability_Entropy_AndKl_AreThoseWrittenByHand()
    {
        // Probabilities 1/2, 1/4, 1/4 and 1/4, 1/4, 1/2.
        var p = new Categorical(tensor(new[] { 0.5, 0.25, 0.25 }).log().unsqueeze(0));
        var q = new Categorical(tensor(new[] { 0.25, 0.25, 0.5 }).log().unsqueeze(0));
        Assert.Equal(-Math.Log(4), p.LogProbability(tensor(new[] { 2L })).ToDouble(), 1e-12);
        Assert.Equal(1.5 * Math.Log(2), p.Entropy().ToDouble(), 1e-12);
        Assert.Equal(0.25 * Math.Log(2), p.KlTo(q).ToDouble(), 1e-12);
        Assert.Equal(0, p.Mode().item<long>());
    }

    [Fact]
    public void Values_AndGradients_EqualThoseOverTheAllowedActionsAlone()
    {
        var logits = _golden.Doubles("logits").requires_grad_();
        var masks = _golden.Bools("masks");
        var p = new Categorical(logits, masks);
        foreach (var (name, value) in new[]
        {
            ("log", p.LogProbability(_golden.Longs("actions"))), ("entropy", p.Entropy()), ("kl", p.KlTo(new Categorical(_golden.Doubles("others"), masks))),
        })
        {
            Golden.AssertClose(_golden.Doubles(name), value, 1e-12);
            Golden.AssertClose(_golden.Doubles(name + "_gradient"), autograd.grad([value.sum()], [logits], retain_graph: true)[0], 1e-12);
        }

        var forbidden = p.LogProbabilities.masked_select(masks.logical_not());
        Assert.True(forbidden.numel() > 0);
        Assert.True(forbidden.eq(double.NegativeInfinity).all().ToBoolean());
    }

    [Fact]
    public void Kl_ToOneThatForbidsAnActionTakenHere_IsInfinite()
    {
        var logits = zeros([1, 3]);
        var all = new Categorical(logits);
        var two = new Categorical(logits, tensor(new[] { true, true, false }).unsqueeze(0));
        Assert.Equal(double.PositiveInfinity, all.KlTo(two).ToDouble());
        Assert.Equal(Math.Log(1.5), two.KlTo(all).ToDouble(), 1e-6);
    }

    [Fact]
    public void Sample_FollowsTheProbabilities_AndTakesNoForbiddenAction()
    {
        const int Draws = 40_000;
        using Generator generator = new(5, CPU);
        var logits = tensor(new[] { 0.2f, 1.1f, 9f, -0.7f });
        var p = new Categorical(logits.expand(Draws, 4), tensor(new[] { true, true, false, true }).expand(Draws, 4));
        var drawn = p.Sample(generator);
        Assert.Equal([Draws], drawn.shape);
        for (var a = 0; a < 4; a++)
        {
            var expected = p.Probabilities[0, a].ToDouble();
            var share = drawn.eq(a).to(ScalarType.Float64).mean().ToDouble();
            Assert.Equal(expected, share, 4 * Math.Sqrt(expected * (1 - expected) / Draws));
        }

        Assert.Null(p.RSample(generator));
    }

    [Fact]
    public void Arguments_OfOtherShapes_AreRefused()
    {
        Assert.Contains("masks", Assert.Throws<ArgumentException>(() => new Categorical(zeros([2, 3]), ones([2, 4], ScalarType.Bool))).Message, StringComparison.Ordinal);
        Assert.Contains("actions", Assert.Throws<ArgumentException>(() => new Categorical(zeros([2, 3])).LogProbability(zeros([2, 1], ScalarType.Int64))).Message, StringComparison.Ordinal);
    }
}
