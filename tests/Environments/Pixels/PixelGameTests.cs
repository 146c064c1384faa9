using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What holds for all five games.</summary>
public sealed class PixelGameTests
{
    public static TheoryData<string> Ids => new(EnvironmentRegistry.All.Select(d => d.Id).Where(id => id.Contains("MinAtar", StringComparison.Ordinal)));

    [Fact]
    public void Games_AreFive() => Assert.Equal(5, Ids.Count);

    [Theory]
    [MemberData(nameof(Ids))]
    public void Definition_OfAGame_HasPlanesOfBytesAndSixActions(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        var space = Assert.IsType<BoxSpace>(definition.ObservationSpace);
        Assert.Equal(ElementType.UInt8, space.ElementType);
        Assert.Equal([10, 10], space.Shape.Skip(1));
        Assert.All(space.Low, v => Assert.Equal(0, v));
        Assert.All(space.High, v => Assert.Equal(1, v));
        Assert.Equal(new DiscreteSpace(6), definition.ActionSpace);
        Assert.Equal(27_000, definition.MaxEpisodeSteps);
    }

    [Theory]
    [InlineData("Asterix", 5)]
    [InlineData("Breakout", 3)]
    [InlineData("Freeway", 3)]
    [InlineData("Seaquest", 6)]
    [InlineData("SpaceInvaders", 4)]
    public void MinimalActions_AreThoseThatDoSomething(string game, int count)
    {
        var id = $"{game}-MinAtar-v1?minimal_actions=1";
        Assert.Equal(new DiscreteSpace(count), EnvironmentRegistry.Definition(id).ActionSpace);
        using var batch = new Batch(id, 2).Reset(1, 2);
        Assert.Equal(new DiscreteSpace(count), batch.Environment.ActionSpace);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(0, count));
        Assert.Contains($"Action {count} in instance 1; expected 0 to {count - 1}", error.Message, StringComparison.Ordinal);
        // Another set of actions is another task.
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve(id), EnvironmentRegistry.Resolve($"{game}-MinAtar-v1")));
    }

    [Fact]
    public void MinimalActions_MeanWhatTheyMeanAmongSix()
    {
        // None, left, right are 0, 1, 2 of breakout's three and 0, 1, 3 of six.
        using var minimal = new Batch("Breakout-MinAtar-v1?minimal_actions=1", 1).Reset(1);
        using var six = new Batch("Breakout-MinAtar-v1", 1).Reset(1);
        for (var t = 0; t < 50; t++)
        {
            minimal.Step(t * 7 % 3);
            six.Step(new[] { 0, 1, 3 }[t * 7 % 3]);
            Assert.Equal(six.Observations, minimal.Observations);
        }
    }

    [Theory]
    [InlineData("Asterix", 20, 0.87)]
    [InlineData("Breakout", 20, 0.74)]
    [InlineData("Freeway", 1, 0.37)]
    [InlineData("Seaquest", 20, 0.38)]
    [InlineData("SpaceInvaders", 20, 2.31)]
    public void RandomReference_OfAGame_IsWhatUniformActionsReturn(string game, int perInstance, double deviation)
    {
        var id = $"{game}-MinAtar-v1";
        var definition = EnvironmentRegistry.Definition(id);
        var returns = Batch.Returns(BuiltInPolicies.Make("uniform", definition, EnvironmentRegistry.Resolve(id)), id, perInstance, 77);
        // Five standard errors.
        var tolerance = 5 * deviation / Math.Sqrt(returns.Length);
        Assert.InRange(returns.Average(), definition.ReferenceRandomReturn!.Value - tolerance, definition.ReferenceRandomReturn.Value + tolerance);
        Assert.True(definition.ReferenceExpertReturn > 10 * definition.ReferenceRandomReturn);
        // Of other actions or limits nothing has been measured.
        Assert.Null(EnvironmentRegistry.Definition(id + "?minimal_actions=1").ReferenceRandomReturn);
        Assert.Null(EnvironmentRegistry.Definition(id + "?max_steps=500").ReferenceExpertReturn);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void HeldOutVariants_OfAGame_CoverItsDynamicsAndMayNotBeRecorded(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        var nominal = EnvironmentRegistry.Resolve(id);
        Assert.True(definition.HeldOutVariants.Count >= 5);
        foreach (var variant in definition.HeldOutVariants)
        {
            Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve(variant.Id), nominal));
            var error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.ResolveRecordable(variant.Id));
            Assert.Contains("may not be recorded", error.Message, StringComparison.Ordinal);
        }

        // Every parameter that changes how the game goes is varied.
        var varied = definition.HeldOutVariants.SelectMany(v => EnvironmentRegistry.Resolve(v.Id).Parameters.Where(p => nominal.Parameters[p.Key] != p.Value).Select(p => p.Key)).Distinct();
        Assert.Equal(definition.Parameters.Where(p => !p.IsStructural).Select(p => p.Name).Order(StringComparer.Ordinal), varied.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Variant_OfAGame_ShowsOtherFramesThanTheGame(string id)
    {
        // A good player, who comes to where difficulty grows.
        const int Count = 4;
        var definition = EnvironmentRegistry.Definition(id);
        var player = BuiltInPolicies.Make("scripted", definition, EnvironmentRegistry.Resolve(id));
        var random = Enumerable.Range(0, Count).Select(i => RandomStream.Create(9, "actions").Derive((ulong)i)).ToArray();
        ulong[] seeds = [1, 2, 3, 4];
        var actions = new int[Count];
        foreach (var variant in definition.HeldOutVariants)
        {
            using var nominal = new Batch(id, Count).Reset(seeds);
            using var varied = new Batch(variant.Id, Count).Reset(seeds);
            var differs = false;
            for (var t = 0; t < 800 && !differs; t++)
            {
                player.Act(new PolicyInput { Count = Count, Observations = nominal.Observations, Random = random }, new PolicyOutput { Discrete = actions, LogProbabilities = new double[Count] });
                nominal.Step(actions);
                varied.Step(actions);
                differs = !nominal.Observations.AsSpan().SequenceEqual(varied.Observations);
            }

            Assert.True(differs, variant.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_InABatchOfAnySize_GivesTheDigitsOfASingleInstance(string id)
    {
        const int Count = 7;
        var seeds = Enumerable.Range(0, Count).Select(i => 100UL + (ulong)i).ToArray();
        using var together = new Batch(id + "?max_steps=90", Count).Reset(seeds);
        var alone = seeds.Select(s => new Batch(id + "?max_steps=90", 1).Reset(s)).ToArray();
        var random = RandomStream.Create(1, "actions");
        var (ends, cuts) = (0, 0);
        for (var t = 0; t < 400; t++)
        {
            var actions = Enumerable.Range(0, Count).Select(_ => random.NextInt(6)).ToArray();
            together.Step(actions);
            for (var i = 0; i < Count; i++)
            {
                alone[i].Step(actions[i]);
                Assert.Equal(alone[i].Row(0), together.Row(i));
                Assert.Equal((alone[i].Rewards[0], alone[i].Terminated[0], alone[i].Truncated[0]), (together.Rewards[i], together.Terminated[i], together.Truncated[i]));
                if (!together.Terminated[i] && !together.Truncated[i])
                    continue;
                (ends, cuts) = (ends + 1, cuts + (together.Truncated[i] ? 1 : 0));
                Assert.Equal(alone[i].FinalRow(0), together.FinalRow(i));
            }
        }

        Assert.True(ends > Count, $"only {ends} episodes ended");
        Assert.Equal(id.StartsWith("Freeway", StringComparison.Ordinal), cuts == ends);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Restore_OfASnapshot_GoesOnWithTheSameFrames(string id)
    {
        using var batch = new Batch(id, 1).Reset(7);
        using var other = new Batch(id, 2).Reset(1, 2);
        var (from, to) = ((IStatefulEnvironment)batch.Environment, (IStatefulEnvironment)other.Environment);
        Assert.Distinct(from.StateNames);
        var random = RandomStream.Create(3, "actions");
        var row = new float[batch.Observations.Length];
        for (var round = 0; round < 15; round++)
        {
            for (var t = 0; t < 20; t++)
                batch.Step(random.NextInt(6));
            to.Restore(1, from.Save(0), row);
            Assert.Equal(batch.Observations, row);
            for (var t = 0; t < 40; t++)
            {
                var action = random.NextInt(6);
                batch.Step(action);
                other.Step(0, action);
                Assert.Equal(batch.Row(0), other.Row(1));
                Assert.Equal((batch.Rewards[0], batch.Terminated[0]), (other.Rewards[1], other.Terminated[1]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void SetState_WithNumbersOutside_NamesThemAndChangesNothing(string id)
    {
        using var batch = new Batch(id, 1).Reset(7);
        var game = (IStatefulEnvironment)batch.Environment;
        var before = new double[game.StateNames.Count];
        game.GetState(0, before);
        for (var i = 0; i < Math.Min(12, before.Length); i++)
        {
            foreach (var wrong in new[] { -2e6, 0.5, double.NaN, 1e12 })
            {
                var state = (double[])before.Clone();
                state[i] = wrong;
                var error = Assert.Throws<ArgumentOutOfRangeException>(() => game.SetState(0, state, batch.Observations));
                Assert.Contains(game.StateNames[i], error.Message, StringComparison.Ordinal);
            }
        }

        var after = new double[before.Length];
        game.GetState(0, after);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("", 0.1)]
    [InlineData("?sticky=0.5", 0.5)]
    [InlineData("?sticky=1", 1)]
    [InlineData("?sticky=0", 0)]
    public void Sticky_RepeatsTheLastActionThatOften(string query, double probability)
    {
        // The chicken's lane is of no matter: the state tells the action that was taken.
        using var batch = new Batch("Freeway-MinAtar-v1" + query, 1).Reset(4);
        var game = (IStatefulEnvironment)batch.Environment;
        var state = new double[game.StateNames.Count];
        const int Steps = 2400;
        var (repeated, last) = (0, 0);
        for (var t = 0; t < Steps; t++)
        {
            var action = last == 1 ? 3 : 1;
            batch.Step(action);
            game.GetState(0, state);
            if ((int)state[0] != action)
            {
                Assert.Equal(last, state[0]);
                repeated++;
            }

            last = (int)state[0];
        }

        var tolerance = 5 * Math.Sqrt(probability * (1 - probability) / Steps);
        Assert.InRange(repeated / (double)Steps, probability - tolerance, probability + tolerance);
    }

    [Theory]
    [InlineData("Asterix-MinAtar-v1", 15)]
    [InlineData("Breakout-MinAtar-v1", 20)]
    [InlineData("Freeway-MinAtar-v1", 15)]
    [InlineData("Seaquest-MinAtar-v1", 10)]
    [InlineData("SpaceInvaders-MinAtar-v1", 15)]
    public void Scripted_Player_BeatsARandomOneByFar(string id, double least)
    {
        foreach (var query in new[] { "?max_steps=700", "?max_steps=700&minimal_actions=1" })
        {
            var definition = EnvironmentRegistry.Definition(id + query);
            var identity = EnvironmentRegistry.Resolve(id + query);
            var scripted = Batch.Returns(BuiltInPolicies.Make("scripted", definition, identity), id + query, 1, 5).Average();
            var random = Batch.Returns(BuiltInPolicies.Make("uniform", definition, identity), id + query, 1, 5).Average();
            Assert.True(scripted > least + random, $"scripted {scripted}, random {random}");
        }
    }
}
