using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What holds under every wrapper: spaces, seeds, snapshots, masks, ids.</summary>
public sealed class WrapperContractTests
{
    const string All = "CartPole-v1?action_repeat=3&frame_stack=2&observation_delay=1&observation_noise=0.01&reward_clip=2.5&time_limit=8";
    const string Image = "Breakout-MinAtar-v1?frame_skip=2&frame_stack=2&grey=1&observation_delay=1&observation_noise=1&resize=6&time_limit=9";

    public static TheoryData<string> Ids => new(
        All, Image, "CartPole-v1?time_limit=5", "Breakout-MinAtar-v1?frame_skip=4", "Breakout-MinAtar-v1?grey=1&frame_stack=3", "CartPole-v1?observation_noise=0.5");

    [Theory]
    [MemberData(nameof(Ids))]
    public void Definition_OfAWrappedId_HasTheSpacesAndLimitOfItsEnvironment(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        using var environment = EnvironmentRegistry.Make(id, 2);
        Assert.Equal(environment.ObservationSpace, definition.ObservationSpace);
        Assert.Equal(environment.ActionSpace, definition.ActionSpace);
        Assert.Equal(environment.MaxEpisodeSteps, definition.MaxEpisodeSteps);
        Assert.Equal(EnvironmentRegistry.Resolve(id), environment.Identity);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_InABatchOfAnySize_GivesTheDigitsOfASingleInstance(string id)
    {
        foreach (var count in new[] { 2, 5 })
        {
            var seeds = Enumerable.Range(0, count).Select(i => 100UL + (ulong)i).ToArray();
            using var together = new Batch(id, count).Reset(seeds);
            var alone = seeds.Select(s => new Batch(id, 1).Reset(s)).ToArray();
            var random = RandomStream.Create(1, "actions");
            var actionCount = ((DiscreteSpace)together.Environment.ActionSpace).Count;
            var ends = 0;
            for (var t = 0; t < 150; t++)
            {
                var actions = Enumerable.Range(0, count).Select(_ => random.NextInt(actionCount)).ToArray();
                together.Step(actions);
                for (var i = 0; i < count; i++)
                {
                    alone[i].Step(actions[i]);
                    Assert.Equal(alone[i].Row(0), together.Row(i));
                    Assert.Equal((alone[i].Rewards[0], alone[i].Terminated[0], alone[i].Truncated[0]), (together.Rewards[i], together.Terminated[i], together.Truncated[i]));
                    if (!together.Terminated[i] && !together.Truncated[i])
                        continue;
                    ends++;
                    Assert.Equal(alone[i].FinalRow(0), together.FinalRow(i));
                }
            }

            Assert.True(ends > count, $"only {ends} episodes ended");
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Restore_OfASnapshot_GoesOnWithTheSameDigits(string id)
    {
        using var batch = new Batch(id, 2).Reset(7, 8);
        using var other = new Batch(id, 3).Reset(1, 2, 3);
        var random = RandomStream.Create(2, "actions");
        var actionCount = ((DiscreteSpace)batch.Environment.ActionSpace).Count;
        for (var round = 0; round < 12; round++)
        {
            for (var t = 0; t < 4; t++)
                batch.Step(random.NextInt(actionCount), random.NextInt(actionCount));
            other.Step(0, 1, 0);
            var row = new float[batch.Environment.ObservationSpace.FlatSize];
            ((IStatefulEnvironment)other.Environment).Restore(2, ((IStatefulEnvironment)batch.Environment).Save(1), row);
            Assert.Equal(batch.Row(1), row);
            for (var t = 0; t < 6; t++)
            {
                var action = random.NextInt(actionCount);
                batch.Step(0, action);
                other.Step(1, 0, action);
                Assert.Equal(batch.Row(1), other.Row(2));
                Assert.Equal((batch.Rewards[1], batch.Terminated[1], batch.Truncated[1]), (other.Rewards[2], other.Terminated[2], other.Truncated[2]));
            }
        }
    }

    [Fact]
    public void Restore_OfASnapshotOfOtherWrappers_IsRefused()
    {
        using var stacked = new Batch("CartPole-v1?frame_stack=2", 1).Reset(1);
        using var deeper = new Batch("CartPole-v1?frame_stack=3", 1).Reset(1);
        using var plain = new Batch("CartPole-v1", 1).Reset(1);
        foreach (var other in new[] { deeper, plain })
        {
            var snapshot = ((IStatefulEnvironment)other.Environment).Save(0);
            var error = Assert.ThrowsAny<ArgumentException>(() => ((IStatefulEnvironment)stacked.Environment).Restore(0, snapshot, new float[8]));
            Assert.Contains("other wrappers", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SetState_UnderWrappers_StartsAnEpisodeThere()
    {
        using var batch = new Batch("CartPole-v1?frame_stack=2&time_limit=3", 1).Reset(1);
        batch.Step(0);
        batch.Step(0);
        var stateful = (IStatefulEnvironment)batch.Environment;
        stateful.SetState(0, [1, 0, 0, 0], batch.Observations);
        Assert.Equal([1f, 0, 0, 0, 1, 0, 0, 0], batch.Row(0));
        batch.Step(0);
        batch.Step(0);
        Assert.False(batch.Truncated[0]);
        batch.Step(0);
        Assert.True(batch.Truncated[0]);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void ResetInstance_OfOne_EqualsResetAndLeavesTheOthers(string id)
    {
        using var batch = new Batch(id, 2).Reset(1, 2);
        using var other = new Batch(id, 2).Reset(1, 9);
        var row = new float[batch.Environment.ObservationSpace.FlatSize];
        batch.Environment.ResetInstance(1, 9, row);
        Assert.Equal(other.Row(1), row);
        for (var t = 0; t < 30; t++)
        {
            batch.Step(t % 2, 1);
            other.Step(t % 2, 1);
            Assert.Equal(other.Observations, batch.Observations);
        }
    }

    [Theory]
    [InlineData("CartPole-v1?grey=1", "grey does not fit its observations, box(4, float32)")]
    [InlineData("CartPole-v1?resize=84", "resize does not fit its observations, box(4, float32): it takes images")]
    [InlineData("CartPole-v1?frame_skip=4", "action_repeat repeats on any observations")]
    [InlineData("CartPole-v1?frame_skip=4&action_repeat=2", "set one of them")]
    [InlineData("CartPole-v1?frame_stack=2.5", "frame_stack is '2.5'; expected a whole number in [1, 64]")]
    [InlineData("CartPole-v1?frame_stak=2", "Did you mean 'frame_stack'?")]
    [InlineData("CartPole-v1?observation_noise=-1", "observation_noise is '-1'")]
    public void Make_WithWrappersThatDoNotFit_SaysWhichAndWhy(string id, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Make(id, 1));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Definition(id));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grey=1", "discrete(7)")]
    [InlineData("resize=8", "discrete(7)")]
    [InlineData("frame_stack=2", "discrete(7): it takes arrays of numbers")]
    [InlineData("observation_noise=1", "discrete(7): it takes arrays of numbers")]
    [InlineData("frame_skip=2", "discrete(7)")]
    public void Wrap_OfDiscreteObservations_SaysWhatItTakes(string query, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => Countdown.Wrapped(query, new DiscreteSpace(7)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identity_WithNeutralWrappers_IsTheOneWithout()
    {
        var id = "CartPole-v1?" + string.Join('&', WrapperParameters.All.Select(p => $"{p.Name}={p.Default}"));
        Assert.Equal(EnvironmentRegistry.Resolve("CartPole-v1"), EnvironmentRegistry.Resolve(id));
        using var environment = EnvironmentRegistry.Make(id, 1);
        Assert.IsType<CartPole>(environment);
        Assert.Equal(WrapperParameters.All.Select(p => p.Name).Order(StringComparer.Ordinal), WrapperParameters.All.Select(p => p.Name));
    }

    [Fact]
    public void Labels_OfWrappedEnvironments_SayWhichAreTheSameTask()
    {
        var nominal = EnvironmentRegistry.Resolve("CartPole-v1");
        var stacked = EnvironmentRegistry.Resolve("CartPole-v1?frame_stack=4");
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?observation_noise=0.1"), nominal));
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?observation_delay=2"), nominal));
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?frame_stack=4&observation_delay=2"), stacked));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(stacked, nominal));
        Assert.Equal(VariantLabel.Nominal, EnvironmentRegistry.Label(stacked, stacked));
        Assert.Equal(stacked, EnvironmentRegistry.ResolveRecordable("CartPole-v1?frame_stack=4"));
        foreach (var id in new[] { "CartPole-v1?observation_noise=0.1", "CartPole-v1?observation_delay=1" })
            Assert.Contains("may not be recorded", Assert.Throws<UserErrorException>(() => EnvironmentRegistry.ResolveRecordable(id)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Policies_OfWrappedEnvironments_ActOnTheNewestObservation()
    {
        const string Id = "CartPole-v1?frame_stack=3";
        var definition = EnvironmentRegistry.Definition(Id);
        Assert.Equal(8, definition.NewestObservation);
        var policy = BuiltInPolicies.Make("scripted", definition, EnvironmentRegistry.Resolve(Id));
        Assert.Equal(definition.ObservationSpace, policy.ObservationSpace);
        Assert.All(Batch.Returns(policy, Id, 1, 3), r => Assert.Equal(500, r));

        // No part of a grey image is what the player looks at.
        var grey = EnvironmentRegistry.Definition("Breakout-MinAtar-v1?grey=1");
        Assert.Null(grey.NewestObservation);
        Assert.Empty(grey.Policies);
        Assert.Equal(400, EnvironmentRegistry.Definition("Breakout-MinAtar-v1?frame_stack=2").NewestObservation);
    }

    [Fact]
    public void References_UnderWrappersThatChangeReturns_AreNotKnown()
    {
        Assert.NotNull(EnvironmentRegistry.Definition("CartPole-v1?frame_stack=2").ReferenceRandomReturn);
        foreach (var query in new[] { "action_repeat=2", "reward_clip=1", "time_limit=100" })
            Assert.Null(EnvironmentRegistry.Definition($"CartPole-v1?{query}").ReferenceRandomReturn);
    }

    [Fact]
    public void Wrap_OfAnEnvironmentWithSuchAParameterOfItsOwn_LeavesThatToIt()
    {
        var space = BoxSpace.Unbounded(1);
        var own = Countdown.Definition(space) with { Parameters = [new("frame_stack", 1, "", new(1, 9), new(1, 9), [])] };
        var inner = new Countdown(space, 5, 1);
        Assert.Same(inner, WrapperParameters.Wrap(inner, own, Countdown.IdentityOf("frame_stack=2")));
        // Others still wrap it.
        using var repeated = new Batch(WrapperParameters.Wrap(inner, own, Countdown.IdentityOf("frame_stack=2&action_repeat=2"))).Reset(1);
        repeated.Step(0);
        Assert.Equal([20f], repeated.Row(0));
    }

    [Fact]
    public void Wrapped_CanDoWhatTheInnerOneCan()
    {
        var space = BoxSpace.Unbounded(1);
        using var stateful = Countdown.Wrapped("time_limit=3", space);
        Assert.IsAssignableFrom<IStatefulEnvironment>(stateful.Environment);
        Assert.IsNotAssignableFrom<IMaskedEnvironment>(stateful.Environment);
        Assert.IsNotAssignableFrom<IRenderedEnvironment>(stateful.Environment);

        using var all = Countdown.Wrapped("time_limit=3&action_repeat=2", new Pictured(space)).Reset(1, 2);
        Assert.IsAssignableFrom<IStatefulEnvironment>(all.Environment);
        var masks = new bool[4];
        all.Step(0, 0);
        Assert.IsAssignableFrom<IMaskedEnvironment>(all.Environment).ActionMasks(masks);
        // Two inner steps: action 1 is allowed at even times.
        Assert.Equal([true, true, true, true], masks);
        var rendered = Assert.IsAssignableFrom<IRenderedEnvironment>(all.Environment);
        Assert.Equal((1, 1), rendered.FrameSize);
        var pixel = new byte[3];
        rendered.Render(1, pixel);
        Assert.Equal([1, 2, 2], pixel);
    }

    /// <summary>Masks and draws itself, too: a pixel of (instance, 2, time).</summary>
    sealed class Pictured(Space observations) : Countdown(observations, 100, 2), IMaskedEnvironment, IRenderedEnvironment
    {
        public (int Width, int Height) FrameSize => (1, 1);

        public void ActionMasks(Span<bool> masks)
        {
            for (var i = 0; i < 2; i++)
                (masks[2 * i], masks[(2 * i) + 1]) = (true, Time(i) % 2 == 0);
        }

        public void Render(int instance, Span<byte> rgb) => (rgb[0], rgb[1], rgb[2]) = ((byte)instance, 2, (byte)Time(instance));

        double Time(int instance)
        {
            var state = new double[2];
            GetState(instance, state);
            return state[0];
        }
    }
}
