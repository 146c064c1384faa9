using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class AcerLossesTests : IDisposable
{
    const int Rows = 6, Actions = 4;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly Tensor _logits, _behavior, _q, _actions;

    public AcerLossesTests()
    {
        var random = RandomStream.Create(12, "acer");
        _logits = Draw(random, Rows, Actions);
        _behavior = Draw(random, Rows, Actions).softmax(-1);
        _q = Draw(random, Rows, Actions);
        _actions = tensor(new long[] { 0, 1, 2, 3, 1, 0 });
    }

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void CorrectedGradient_ByHand()
    {
        // pi (0.8, 0.2), b (0.2, 0.8), a = 0, c = 2, q = (1, 0): v = 0.8; min(2, 4) (1.5 - 0.8) = 1.4 at a; (0.8 - 0.4) 0.2 = 0.08 more; total 1.48.
        var gradient = AcerLosses.CorrectedGradient(
            tensor(new[] { 0.8f, 0.2f }).reshape(1, 2), tensor(new[] { 0.2f, 0.8f }).reshape(1, 2), tensor(new[] { 0L }), tensor(new[] { 1.5f }), tensor(new[] { 1f, 0 }).reshape(1, 2), 2);
        AssertClose(tensor(new[] { 1.48f * 0.2f, -1.48f * 0.2f }).reshape(1, 2), gradient);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(double.PositiveInfinity)]
    public void CorrectedGradient_OverTheBehaviorsActions_DoesNotDependOnTheLimit(double limit)
    {
        var pi = _logits.softmax(-1);
        var expected = zeros_like(pi);
        for (var a = 0; a < Actions; a++)
        {
            var actions = full(Rows, a, ScalarType.Int64);
            var retrace = _q.narrow(1, a, 1).squeeze(-1);
            expected.add_(_behavior.narrow(1, a, 1).mul(AcerLosses.CorrectedGradient(pi, _behavior, actions, retrace, _q, limit)));
        }

        // The derivative of sum_a pi(a) q(a) by the logits.
        var exact = pi.mul(_q.sub(pi.mul(_q).sum(-1, keepdim: true)));
        AssertClose(exact, expected, 1e-5);
    }

    [Fact]
    public void CorrectedGradient_EqualsAutogradsOfItsTerms()
    {
        var logits = _logits.clone().requires_grad_();
        var logs = logits.log_softmax(-1);
        var pi = logs.exp().detach();
        var retrace = _q.sum(-1L).mul(0.5);
        var v = pi.mul(_q).sum(-1L);
        var (index, c) = (_actions.unsqueeze(-1), 1.2);
        var taken = pi.div(_behavior).gather(-1, index).squeeze(-1).clamp_max(c).mul(retrace.sub(v)).mul(logs.gather(-1, index).squeeze(-1));
        var correction = pi.mul(_behavior.mul(c).div(pi).neg().add(1).clamp_min(0)).mul(_q.sub(v.unsqueeze(-1))).mul(logs);
        taken.sum().add(correction.sum()).backward();
        AssertClose(logits.grad!, AcerLosses.CorrectedGradient(pi, _behavior, _actions, retrace, _q, c), 1e-5);
        Assert.True(Distance(logits.grad!, AcerLosses.CorrectedGradient(pi, _behavior, _actions, retrace, _q, 2 * c)) > 1e-2);
    }

    [Fact]
    public void EntropyGradient_EqualsAutograds()
    {
        var logits = _logits.clone().requires_grad_();
        var logs = logits.log_softmax(-1);
        logs.exp().mul(logs).sum().neg().backward();
        AssertClose(logits.grad!, AcerLosses.EntropyGradient(_logits.softmax(-1)));
        // A certain policy: 0, not 0 times infinity.
        AssertClose(zeros(1, 2), AcerLosses.EntropyGradient(tensor(new[] { 1f, 0 }).reshape(1, 2)));
    }

    [Fact]
    public void WithinTrustRegion_BindsWhereTheDivergenceWouldGrowTooFast()
    {
        var (pi, average) = (_logits.softmax(-1), _behavior);
        var logits = _logits.clone().requires_grad_();
        average.mul(average.log().sub(logits.log_softmax(-1))).sum().backward();
        var k = logits.grad!;
        var bounded = AcerLosses.WithinTrustRegion(_q, pi, average, 0.05);
        var (before, after) = (k.mul(_q).sum(-1L).data<float>().ToArray(), k.mul(bounded).sum(-1L).data<float>().ToArray());
        Assert.Contains(before, growth => growth > 0.06);
        Assert.Contains(before, growth => growth < 0.05);
        for (var i = 0; i < Rows; i++)
        {
            Assert.Equal(Math.Min(before[i], 0.05f), after[i], 1e-5f);
            if (before[i] <= 0.05f)
                AssertClose(_q[i], bounded[i]);
        }

        AssertClose(_q, AcerLosses.WithinTrustRegion(_q, pi, pi, 0));
    }

    [Fact]
    public void CompletedBehavior_HasTheLoggedProbabilityAndSharesTheRest()
    {
        var logged = tensor(new[] { 0.5f, 0.25f, 1, 0.1f, 0.3f, 0.9f });
        var completed = AcerLosses.CompletedBehavior(_behavior, _actions, logged);
        AssertClose(ones(Rows), completed.sum(-1L));
        AssertClose(logged, completed.gather(-1, _actions.unsqueeze(-1)).squeeze(-1));
        // Others keep their ratio to one another.
        AssertClose(_behavior[0, 1].div(_behavior[0, 2]), completed[0, 1].div(completed[0, 2]), 1e-5);
        // Two actions need no model.
        AssertClose(tensor(new[] { 0.7f, 0.3f }).reshape(1, 2), AcerLosses.CompletedBehavior(tensor(new[] { 0.01f, 0.99f }).reshape(1, 2), tensor(new[] { 0L }), tensor(new[] { 0.7f })));
    }

    static Tensor Draw(RandomStream random, params int[] shape) =>
        tensor(Enumerable.Range(0, shape.Aggregate((a, b) => a * b)).Select(_ => (float)random.NextGaussian()).ToArray()).reshape([.. shape.Select(n => (long)n)]);
}
