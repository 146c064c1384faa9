using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What holds of every environment in the registry, whatever family it is of.</summary>
public sealed class EveryEnvironmentTests
{
    const int Instances = 5, Steps = 300;

    public static TheoryData<string> Ids => new(EnvironmentRegistry.All.Select(d => d.Id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_WithUniformActions_StaysInItsSpacesAndKeepsItsPromises(string id)
    {
        using var environment = Make(id, Instances);
        var definition = EnvironmentRegistry.Definition(id);
        Assert.Equal(EnvironmentRegistry.Resolve(id), environment.Identity);
        Assert.Equal(definition.ObservationSpace, environment.ObservationSpace);
        Assert.Equal(definition.ActionSpace, environment.ActionSpace);
        Assert.Equal(definition.MaxEpisodeSteps, environment.MaxEpisodeSteps);

        var width = environment.ObservationSpace.FlatSize;
        var run = new Run(environment, [11, 12, 13, 14, 15]);
        AssertInside(environment.ObservationSpace, run.Observations, id);
        var lengths = new int[Instances];
        for (var step = 0; step < Steps; step++)
        {
            Array.Fill(run.Final, float.NaN);
            run.Step();
            AssertInside(environment.ObservationSpace, run.Observations, id);
            for (var i = 0; i < Instances; i++)
            {
                lengths[i]++;
                Assert.True(double.IsFinite(run.Rewards[i]));
                Assert.False(run.Terminated[i] && run.Truncated[i]);
                var ended = run.Terminated[i] || run.Truncated[i];
                Assert.True(ended || lengths[i] < environment.MaxEpisodeSteps);
                Assert.True(!run.Truncated[i] || lengths[i] == environment.MaxEpisodeSteps);
                if (ended)
                    AssertInside(environment.ObservationSpace, run.Final.AsSpan(i * width, width), id);
                else
                    Assert.All(run.Final.AsSpan(i * width, width).ToArray(), v => Assert.Equal(float.NaN, v));
                lengths[i] = ended ? 0 : lengths[i];
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_OfABatch_GivesTheDigitsOfSingleInstances(string id)
    {
        ulong[] seeds = [1, 2, 3, 4, 5];
        using var batch = Make(id, Instances);
        var together = new Run(batch, seeds);
        var history = new List<(float[] Observations, double[] Rewards)> { (together.Observations.ToArray(), []) };
        for (var step = 0; step < 60; step++)
        {
            together.Step();
            history.Add((together.Observations.ToArray(), together.Rewards.ToArray()));
        }

        var width = batch.ObservationSpace.FlatSize;
        foreach (var i in new[] { 0, Instances - 1 })
        {
            using var one = Make(id, 1);
            var alone = new Run(one, [seeds[i]]);
            for (var step = 0; step <= 60; step++)
            {
                if (step > 0)
                {
                    alone.Step();
                    Assert.Equal(history[step].Rewards[i], alone.Rewards[0]);
                }

                Assert.Equal(history[step].Observations.AsSpan(i * width, width).ToArray(), alone.Observations);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void BuiltInPolicies_OfEveryEnvironment_FitItAndItsVariants(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        foreach (var name in definition.Policies.Select(p => p.Name).Concat(definition.ActionSpace is DiscreteSpace ? ["uniform"] : []))
        {
            foreach (var variant in definition.HeldOutVariants.Select(v => v.Id).Prepend(id))
            {
                var policy = BuiltInPolicies.Make(name, EnvironmentRegistry.Definition(variant), EnvironmentRegistry.Resolve(variant));
                PolicySpaces.RequireFit(policy, definition.ObservationSpace, definition.ActionSpace, variant);
                Assert.False(string.IsNullOrEmpty(policy.Name));
                (policy as IDisposable)?.Dispose();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void HeldOutVariants_OfEveryEnvironment_StartAndStepInItsSpaces(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        // A process each: a few are enough for those.
        var variants = definition.HeldOutVariants.Take(definition.Requirement.Length > 0 ? 2 : int.MaxValue);
        foreach (var variant in variants)
        {
            using var environment = Make(variant.Id, 2);
            var run = new Run(environment, [7, 8]);
            for (var step = 0; step < 20; step++)
                run.Step();
            AssertInside(environment.ObservationSpace, run.Observations, variant.Id);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_WithActionsOfAnotherSizeOrOutside_SaysSoAndStepsNothing(string id)
    {
        using var environment = Make(id, 2);
        using var other = Make(id, 2);
        var (run, untouched) = (new Run(environment, [1, 2]), new Run(other, [1, 2]));
        run.Step();
        untouched.Step();
        if (environment.ActionSpace is DiscreteSpace actions)
        {
            foreach (var wrong in new int[][] { [], [0], [0, 0, 0], [0, -1], [actions.Count, 0], [0, int.MinValue] })
                Refused(new ActionBatch { Discrete = wrong });
        }
        else
        {
            var box = (BoxSpace)environment.ActionSpace;
            var inside = Enumerable.Range(0, 2).SelectMany(_ => box.Low.Select(l => (float)l)).ToArray();
            foreach (var wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, MathF.BitIncrement((float)box.High[^1]) })
                Refused(new ActionBatch { Continuous = [.. inside[..^1], wrong] });
            foreach (var wrong in new float[][] { [], inside[1..], [.. inside, 0] })
                Refused(new ActionBatch { Continuous = wrong });
        }

        Assert.ThrowsAny<ArgumentException>(() => environment.Reset([1], run.Observations));
        Assert.ThrowsAny<ArgumentException>(() => environment.Reset([1, 2], run.Observations.AsSpan(1)));
        // Both go on alike: nothing has been stepped, nothing reset.
        for (var step = 0; step < 5; step++)
        {
            run.Step();
            untouched.Step();
            Assert.Equal(untouched.Observations, run.Observations);
            Assert.Equal(untouched.Rewards, run.Rewards);
        }

        void Refused(ActionBatch batch)
        {
            try
            {
                environment.Step(batch, new StepOutput { Observations = run.Observations, Rewards = run.Rewards, Terminated = run.Terminated, Truncated = run.Truncated, FinalObservations = run.Final });
            }
            catch (ArgumentException)
            {
                return;
            }

            Assert.Fail($"{id} took {string.Join(' ', batch.Discrete.ToArray())}{string.Join(' ', batch.Continuous.ToArray())}");
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Painter_OfEveryEnvironmentThatHasOne_ShowsWhatChanges(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        if (EnvironmentPictures.Painter(definition, EnvironmentRegistry.Resolve(id), definition.ObservationSpace) is not { } painter)
        {
            // It draws itself then, in its own process.
            Assert.NotEqual("", definition.Requirement);
            return;
        }

        using var environment = Make(id, 1);
        var run = new Run(environment, [3]);
        var pictures = new List<string>();
        for (var step = 0; step < 60; step++)
        {
            var canvas = new Canvas(painter.Size.Width, painter.Size.Height);
            painter.Paint(canvas, new PaintedStep { Observation = run.Observations, Discrete = run.Discrete is [var action] && step % 2 == 0 ? action : -1, Continuous = step % 2 == 0 ? run.Continuous : [] });
            pictures.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(canvas.Rgb)));
            Assert.True(Enumerable.Range(0, canvas.Width * canvas.Height).Select(i => canvas[i % canvas.Width, i / canvas.Width]).Distinct().Skip(1).Any(), "The picture is of one color.");
            run.Step();
        }

        Assert.True(pictures.Distinct().Count() > 3, $"{pictures.Distinct().Count()} different pictures of 60");
    }

    [Theory]
    [InlineData("gymnasum:CartPole-v1", "unknown scheme 'gymnasum'. Did you mean 'gymnasium'?")]
    [InlineData("xyz:CartPole-v1", "unknown scheme 'xyz'")]
    [InlineData("MountainCr-v0", "Unknown environment 'MountainCr-v0'")]
    public void Resolve_OfAnIdNearAnother_NamesTheNearest(string id, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Resolve(id)).Message, StringComparison.Ordinal);

    static IVectorEnvironment Make(string id, int count)
    {
        try
        {
            return EnvironmentRegistry.Make(id, count);
        }
        catch (UserErrorException e) when (EnvironmentRegistry.Definition(id).Requirement.Length > 0)
        {
            Assert.Skip($"{EnvironmentRegistry.Definition(id).Requirement} is not here: {e.Message}");
            throw;
        }
    }

    static void AssertInside(Space space, ReadOnlySpan<float> rows, string id)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            var value = rows[i];
            var inside = space switch
            {
                DiscreteSpace discrete => value >= 0 && value < discrete.Count && value == MathF.Floor(value),
                BoxSpace box => value >= (float)box.Low[i % box.FlatSize] && value <= (float)box.High[i % box.FlatSize] && (box.ElementType != ElementType.UInt8 || value == MathF.Floor(value)),
                _ => false,
            };
            Assert.True(inside, $"{id}: observation {value} at index {i % space.FlatSize} is outside {space}");
        }
    }

    /// <summary>Uniform allowed actions; an instance's depend on its seed alone.</summary>
    sealed class Run
    {
        readonly IVectorEnvironment _environment;
        readonly RandomStream[] _random;

        public Run(IVectorEnvironment environment, ulong[] seeds)
        {
            _environment = environment;
            var (count, width) = (seeds.Length, environment.ObservationSpace.FlatSize);
            _random = [.. seeds.Select(s => RandomStream.Create(s, "actions"))];
            (Observations, Final) = (new float[count * width], new float[count * width]);
            (Rewards, Terminated, Truncated) = (new double[count], new bool[count], new bool[count]);
            Discrete = new int[environment.ActionSpace is DiscreteSpace ? count : 0];
            Continuous = new float[environment.ActionSpace is BoxSpace box ? count * box.FlatSize : 0];
            environment.Reset(seeds, Observations);
        }

        public float[] Observations { get; }

        public float[] Final { get; }

        public double[] Rewards { get; }

        public bool[] Terminated { get; }

        public bool[] Truncated { get; }

        public int[] Discrete { get; }

        public float[] Continuous { get; }

        public void Step()
        {
            if (_environment.ActionSpace is DiscreteSpace discrete)
                Choose(discrete.Count);
            else
                Draw((BoxSpace)_environment.ActionSpace);
            _environment.Step(
                new ActionBatch { Discrete = Discrete, Continuous = Continuous },
                new StepOutput { Observations = Observations, Rewards = Rewards, Terminated = Terminated, Truncated = Truncated, FinalObservations = Final });
        }

        void Choose(int actions)
        {
            var masks = Enumerable.Repeat(true, Discrete.Length * actions).ToArray();
            (_environment as IMaskedEnvironment)?.ActionMasks(masks);
            for (var i = 0; i < Discrete.Length; i++)
            {
                var allowed = Enumerable.Range(0, actions).Where(a => masks[(i * actions) + a]).ToList();
                Assert.NotEmpty(allowed);
                Discrete[i] = allowed[_random[i].NextInt(allowed.Count)];
            }
        }

        void Draw(BoxSpace actions)
        {
            for (var i = 0; i < Continuous.Length; i++)
                Continuous[i] = (float)_random[i / actions.FlatSize].Uniform(actions.Low[i % actions.FlatSize], actions.High[i % actions.FlatSize]);
        }
    }
}
