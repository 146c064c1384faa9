using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;
using OfflineRL.Train.WorldModels.Planning;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Planning;

public sealed class PlanningPolicyTests : IDisposable
{
    static readonly BoxSpace Line = BoxSpace.Unbounded(1);

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    // x' = x + u with cost x'^2 + u^2: from 1 the best of two steps begins with -3/5, from -2 with 6/5.
    [Fact]
    public void Act_TakesTheFirstActionOfThePlan()
    {
        using var policy = Policy(new PlanningConfig { Horizon = 2, Candidates = 400, Iterations = 20, Discount = 1 });
        var actions = Act(policy, policy.CreateState(2), [1, -2], [3, 4]);
        Assert.Equal(-0.6f, actions[0], 5e-3f);
        Assert.Equal(1.2f, actions[1], 1e-2f);
        Assert.False(policy.HasPropensities);
        Assert.Contains("has no probability", Assert.Throws<UserErrorException>(() => policy.Score(new PolicyInput { Count = 0, Observations = [] }, default, [], [])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("random_shooting")]
    [InlineData("cem")]
    [InlineData("gradient")]
    public void Act_OfARow_DependsOnItsOwnStreamAndStateAlone(string planner)
    {
        // Three steps of three instances together, and of one of them alone: the same digits.
        var config = new PlanningConfig { Planner = planner, Horizon = 3, Candidates = 32, Iterations = 2 };
        using var policy = Policy(config);
        var (all, one) = (policy.CreateState(3), policy.CreateState(1));
        var (streams, alone) = (Streams(1, 2, 3), Streams(2));
        float[] x = [1, -2, 0.5f];
        for (var step = 0; step < 3; step++)
        {
            var together = Act(policy, all, x, streams, starts: [step == 0, step == 0, step == 0]);
            var single = Act(policy, one, [x[1]], alone, starts: [step == 0]);
            Assert.Equal(BitConverter.SingleToInt32Bits(single[0]), BitConverter.SingleToInt32Bits(together[1]));
            for (var i = 0; i < 3; i++)
                x[i] += together[i];
        }
    }

    [Fact]
    public void Act_OfAnIdleRow_TouchesNeitherItsStreamNorItsAction()
    {
        using var policy = Policy(new PlanningConfig { Horizon = 2, Candidates = 8 });
        var streams = Streams(1, 2);
        var before = streams[1].GetState();
        var actions = Act(policy, policy.CreateState(2), [1, -2], streams, idle: [false, true], preset: 7);
        Assert.NotEqual(7, actions[0]);
        Assert.Equal(7, actions[1]);
        Assert.Equal(before, streams[1].GetState());
    }

    [Fact]
    public void Act_GoesOnFromThePlanBefore_UntilAnEpisodeBegins()
    {
        // Two candidates: the middle of the first round's distribution and one draw. What is left of a good plan beats both of a fresh start.
        using var good = Policy(new PlanningConfig { Horizon = 4, Candidates = 400, Iterations = 20, Discount = 1 });
        var state = good.CreateState(1);
        var first = Act(good, state, [2], Streams(1), starts: [true]);
        using var few = Policy(new PlanningConfig { Horizon = 4, Candidates = 2, Iterations = 1, Discount = 1, InitialDeviation = 1e-6 });
        var next = 2 + first[0];
        // The optimal control of the state that follows, from the same plan (a linear system's plan is consistent).
        var shifted = Act(few, state, [next], Streams(5), starts: [false]);
        Assert.Equal(-0.6f * next, shifted[0], 0.05f * 2);
        var fresh = Act(few, state, [next], Streams(5), starts: [true]);
        Assert.Equal(0, fresh[0], 1e-4f);
    }

    [Fact]
    public void Act_WithMemory_GoesOnFromTheStateAndTheActionThatWasTaken()
    {
        using var policy = new PlanningPolicy("memory", new RememberingWorld(), ObservationEncoder.Of(Line), new BoxSpace([1], [-3], [3]), null, new PlanningConfig { Horizon = 1, Candidates = 200, Iterations = 20 }, CPU);
        var state = policy.CreateState(2);
        var streams = Streams(1, 2);
        // The second instance's episode begins anew at the third step, and its m with it.
        Check([1, -0.5f], [1, -0.5f], [true, true]);
        Check([1.5f, 0.25f], [0.5f, 0.75f], [false, false]);
        Check([1.5f, 2], [-1, 2], [false, true]);
        Check([1, 0], [-3, -2], [false, false]);

        void Check(float[] best, float[] x, bool[] starts)
        {
            var actions = Act(policy, state, x, streams, starts);
            for (var i = 0; i < 2; i++)
                Assert.Equal(best[i], actions[i], 0.02f);
        }
    }

    [Fact]
    public void Act_WithMemory_DependsOnItsOwnHistoryAlone()
    {
        using var model = new Rssm(
            TrainData.Tiny("dreamer").Dreamer.Model with { Latent = "categorical", LayerNorm = true, UniformShare = 0.01, Symlog = true, Reward = RssmConfig.NormalReward, DynamicsScale = 0.5, RepresentationScale = 0.1, FreeNats = 1, FreeNatsOfMean = false },
            new() { Inputs = 1, Hidden = [], Outputs = 6 }, new(Line, 1, null, 0, 1), RandomStream.Create(1, "init"), CPU);
        using var policy = new PlanningPolicy("rssm", model, ObservationEncoder.Of(Line), new BoxSpace([1], [-1], [1]), null, new PlanningConfig { Horizon = 3, Candidates = 16, Iterations = 2 }, CPU);
        var (all, one) = (policy.CreateState(3), policy.CreateState(1));
        var (streams, alone) = (Streams(1, 2, 3), Streams(2));
        for (var step = 0; step < 4; step++)
        {
            float[] x = [step, MathF.Sin(step), -step];
            var together = Act(policy, all, x, streams, [step == 0, step is 0 or 3, step == 0]);
            var single = Act(policy, one, [x[1]], alone, [step is 0 or 3]);
            Assert.Equal(BitConverter.SingleToInt32Bits(single[0]), BitConverter.SingleToInt32Bits(together[1]));
        }
    }

    [Fact]
    public void Act_OfDiscreteActions_HeedsTheMask()
    {
        using var policy = new PlanningPolicy("chain", KnownWorlds.Chain(), ObservationEncoder.Of(new DiscreteSpace(4)), new DiscreteSpace(3), null, new PlanningConfig { Horizon = 3, Candidates = 200, Discount = 1 }, CPU);
        var actions = new int[2];
        policy.Act(
            new PolicyInput { Count = 2, Observations = [2, 2], ActionMasks = [true, true, true, true, false, true], Random = Streams(1, 2), State = policy.CreateState(2) },
            new PolicyOutput { Discrete = actions });
        // For 10 at once; without it back to 0 for 0 + 1 + 2.
        Assert.Equal([1, 0], actions);
        Assert.Contains("allows none of 3", Assert.Throws<UserErrorException>(() => policy.Act(
            new PolicyInput { Count = 1, Observations = [2], ActionMasks = [false, false, false], Random = Streams(1), State = policy.CreateState(1) },
            new PolicyOutput { Discrete = new int[1] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BadInput_HasOneMessageEach()
    {
        Assert.Contains("horizon is 0", Assert.Throws<UserErrorException>(() => Policy(new PlanningConfig { Horizon = 0 })).Message, StringComparison.Ordinal);
        var broken = new FormulaWorld(1, 1, (x, u) => new(x.add(u), x.add(u).mul(float.NaN).sum(-1), ones([x.size(0)])));
        using var policy = new PlanningPolicy("broken", broken, ObservationEncoder.Of(Line), new BoxSpace([1], [-1], [1]), null, new PlanningConfig { Horizon = 2, Candidates = 4 }, CPU);
        Assert.Contains("none has a finite return", Assert.Throws<UserErrorException>(() => { Act(policy, policy.CreateState(1), [0], Streams(1)); }).Message, StringComparison.Ordinal);
        Assert.Contains("CreateState(1)", Assert.Throws<ArgumentException>(() => { Act(policy, null, [0], Streams(1)); }).Message, StringComparison.Ordinal);
    }

    static PlanningPolicy Policy(PlanningConfig config) => new("line", KnownWorlds.Line(), ObservationEncoder.Of(Line), new BoxSpace([1], [-3], [3]), null, config, CPU);

    static float[] Act(PlanningPolicy policy, IPolicyState? state, float[] x, ulong[] seeds) => Act(policy, state, x, Streams(seeds));

    static float[] Act(PlanningPolicy policy, IPolicyState? state, float[] x, RandomStream[] streams, bool[]? starts = null, bool[]? idle = null, float preset = 0)
    {
        var actions = new float[x.Length];
        Array.Fill(actions, preset);
        policy.Act(
            new PolicyInput { Count = x.Length, Observations = x, EpisodeStarts = starts ?? [], Idle = idle ?? [], Random = streams, State = state },
            new PolicyOutput { Continuous = actions, LogProbabilities = new double[x.Length] });
        return actions;
    }

    static RandomStream[] Streams(params ulong[] seeds) => [.. seeds.Select(seed => RandomStream.Create(seed, "policy"))];
}
