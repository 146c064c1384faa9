using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class PolicyTests
{
    static readonly EnvironmentDefinition CartPole = EnvironmentRegistry.Definition("CartPole-v1");

    // The pole leans right, left: the controller pushes right, left.
    static readonly float[] Leaning = [0, 0, 0.1f, 0, 0, 0, -0.1f, 0];

    [Fact]
    public void EpsilonSoft_OfAController_HasTheProbabilitiesOfTheFormula()
    {
        var policy = new EpsilonSoftPolicy(BuiltInPolicies.Make("scripted", CartPole), 0.2);
        var (log, probabilities) = (new double[2], new double[4]);
        policy.Score(new PolicyInput { Count = 2, Observations = Leaning }, new ActionBatch { Discrete = [1, 1] }, log, probabilities);
        AssertNear([0.1, 0.9, 0.9, 0.1], probabilities);
        AssertNear([Math.Log(0.9), Math.Log(0.1)], log);
    }

    [Fact]
    public void EpsilonSoft_UnderAMask_SpreadsOverTheAllowedActions()
    {
        var policy = new EpsilonSoftPolicy(new UniformPolicy(BoxSpace.Unbounded(1), new DiscreteSpace(4)), 0.5);
        var probabilities = new double[4];
        var log = new double[1];
        policy.Score(
            new PolicyInput { Count = 1, Observations = [0], ActionMasks = [true, false, true, false] },
            new ActionBatch { Discrete = [1] }, log, probabilities);
        AssertNear([0.5, 0, 0.5, 0], probabilities);
        Assert.Equal(double.NegativeInfinity, log[0]);
    }

    [Theory]
    [InlineData("uniform")]
    [InlineData("scripted?epsilon=0.3")]
    [InlineData("scripted-weak?epsilon=1")]
    public void Act_OverManyDraws_MatchesItsProbabilitiesAndItsScore(string spec)
    {
        const int Draws = 40_000;
        var policy = BuiltInPolicies.Make(spec, CartPole);
        var random = new[] { RandomStream.Create(3, spec), RandomStream.Create(4, spec) };
        var (actions, log, probabilities, counts) = (new int[2], new double[2], new double[4], new double[4]);
        var (scored, scoredProbabilities) = (new double[2], new double[4]);
        var input = new PolicyInput { Count = 2, Observations = Leaning, Random = random };
        for (var n = 0; n < Draws; n++)
        {
            policy.Act(input, new PolicyOutput { Discrete = actions, LogProbabilities = log, Probabilities = probabilities });
            policy.Score(input, new ActionBatch { Discrete = actions }, scored, scoredProbabilities);
            Assert.Equal(probabilities, scoredProbabilities);
            Assert.Equal(log, scored);
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(1, probabilities[2 * i] + probabilities[(2 * i) + 1], 1e-15);
                Assert.Equal(Math.Log(probabilities[(2 * i) + actions[i]]), log[i]);
                counts[(2 * i) + actions[i]]++;
            }
        }

        // Chi-square with two degrees of freedom (one a row): 20 has probability 5e-5.
        var chiSquare = Enumerable.Range(0, 4).Sum(i => Math.Pow(counts[i] - (Draws * probabilities[i]), 2) / (Draws * probabilities[i]));
        Assert.InRange(chiSquare, 0, 20);
    }

    [Fact]
    public void Act_WhetherProbabilitiesAreAskedOrNot_DrawsTheSame()
    {
        var policy = BuiltInPolicies.Make("scripted?epsilon=0.5", CartPole);
        var (with, without, log) = (new int[2], new int[2], new double[2]);
        for (ulong seed = 0; seed < 50; seed++)
        {
            policy.Act(new PolicyInput { Count = 2, Observations = Leaning, Random = Streams(seed) }, new PolicyOutput { Discrete = with, LogProbabilities = log, Probabilities = new double[4] });
            policy.Act(new PolicyInput { Count = 2, Observations = Leaning, Random = Streams(seed) }, new PolicyOutput { Discrete = without, LogProbabilities = log });
            Assert.Equal(with, without);
        }

        static RandomStream[] Streams(ulong seed) => [RandomStream.Create(seed, "a"), RandomStream.Create(seed, "b")];
    }

    [Fact]
    public void Mixture_OverManyEpisodes_DrawsByWeightAndKeepsItsChoiceForTheEpisode()
    {
        const int Count = 8000;
        var left = new CartPoleController("left", [0, 0, 0, 0]);
        var mixture = new MixturePolicy([BuiltInPolicies.Make("uniform", CartPole), left], [1, 3]);
        var state = mixture.CreateState(Count);
        var random = Enumerable.Range(0, Count).Select(i => RandomStream.Create(1, "m").Derive((ulong)i)).ToArray();
        var (observations, actions, log, probabilities) = (new float[Count * 4], new int[Count], new double[Count], new double[Count * 2]);
        var starts = Enumerable.Repeat(true, Count).ToArray();
        Act(starts);
        var names = Enumerable.Range(0, Count).Select(i => mixture.Acting(state, i).Name).ToArray();
        // Five standard errors around three quarters.
        Assert.InRange(names.Count(n => n == "left"), 6000 - 194, 6000 + 194);
        Act(new bool[Count]);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(names[i], mixture.Acting(state, i).Name);
            Assert.Equal(names[i] == "left" ? 0 : Math.Log(0.5), log[i]);
            Assert.Equal(names[i] == "left" ? 1 : 0.5, probabilities[2 * i]);
            Assert.True(names[i] != "left" || actions[i] == 0);
        }

        void Act(bool[] episodeStarts) => mixture.Act(
            new PolicyInput { Count = Count, Observations = observations, EpisodeStarts = episodeStarts, Random = random, State = state },
            new PolicyOutput { Discrete = actions, LogProbabilities = log, Probabilities = probabilities });
    }

    [Fact]
    public void Mixture_OfPoliciesWithOtherSpaces_IsRefused()
    {
        var other = new UniformPolicy(BoxSpace.Unbounded(4), new DiscreteSpace(3));
        var error = Assert.Throws<UserErrorException>(() => new MixturePolicy([BuiltInPolicies.Make("uniform", CartPole), other], [1, 1]));
        Assert.Contains("discrete(3)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uniform", 20.5, 24)]
    [InlineData("scripted-weak", 40, 44)]
    [InlineData("scripted-drifting", 470, 495)]
    [InlineData("scripted", 500, 500)]
    [InlineData("scripted?epsilon=0.5", 175, 215)]
    public void BuiltInPolicies_OnCartPole_HaveTheReturnsTheReadmeNames(string spec, double low, double high) =>
        Assert.InRange(Batch.Returns(BuiltInPolicies.Make(spec, CartPole), "CartPole-v1", 32, 11).Average(), low, high);

    [Theory]
    [InlineData("scriptd", "Did you mean 'scripted'?")]
    [InlineData("scripted?epsilon=2", "E from 0 to 1")]
    [InlineData("scripted?eps=0.1", "expected epsilon=E")]
    public void Make_OfAWrongSpec_SaysWhatIsKnown(string spec, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => BuiltInPolicies.Make(spec, CartPole));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    static void AssertNear(double[] expected, double[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i], 1e-15);
    }

    [Fact]
    public void EpsilonSoft_AroundAMemory_LeavesInItWhatWasTaken()
    {
        const int Rows = 64;
        var policy = new EpsilonSoftPolicy(new Repeating(new DiscreteSpace(2)), 0.5);
        var state = policy.CreateState(Rows)!;
        RandomStream[] random = [.. Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "act"))];
        var (actions, log, probabilities) = (new int[Rows], new double[Rows], new double[2 * Rows]);
        int[] before = [];
        for (var step = 0; step < 5; step++)
        {
            policy.Act(new PolicyInput { Count = Rows, Observations = new float[Rows], Random = random, State = state }, new PolicyOutput { Discrete = actions, LogProbabilities = log, Probabilities = probabilities });
            // 0.75 for what was taken before, where half of the actions were drawn uniformly.
            for (var i = 0; step > 0 && i < Rows; i++)
                Assert.Equal(actions[i] == before[i] ? 0.75 : 0.25, Math.Exp(log[i]), 1e-12);
            before = [.. actions];
        }
    }

    [Fact]
    public void UniformMixture_AroundAMemory_LeavesInItWhatWasTaken()
    {
        const int Rows = 64;
        var policy = new UniformMixturePolicy(new Repeating(new BoxSpace([1], [-2], [2])), 0.5);
        var state = policy.CreateState(Rows)!;
        RandomStream[] random = [.. Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "act"))];
        var (actions, log) = (new float[Rows], new double[Rows]);
        float[] before = [];
        for (var step = 0; step < 5; step++)
        {
            policy.Act(new PolicyInput { Count = Rows, Observations = new float[Rows], Random = random, State = state }, new PolicyOutput { Continuous = actions, LogProbabilities = log });
            // Density 1 around half of what was taken before, 1/4 everywhere.
            for (var i = 0; step > 0 && i < Rows; i++)
                Assert.Equal(Math.Abs(actions[i] - (before[i] / 2)) <= 0.5 ? 0.625 : 0.125, Math.Exp(log[i]), 1e-12);
            before = [.. actions];
        }
    }

    [Fact]
    public void Bounded_CutsActionsAndLeavesWhatWasTakenInAMemory()
    {
        const int Rows = 64;
        var policy = new BoundedPolicy(new Repeating(BoxSpace.Unbounded(1)), new BoxSpace([1], [-0.125], [0.25]));
        Assert.False(policy.HasPropensities);
        Assert.Equal(new BoxSpace([1], [-0.125], [0.25]), policy.ActionSpace);
        var state = policy.CreateState(Rows)!;
        RandomStream[] random = [.. Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "act"))];
        RandomStream[] same = [.. Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "act"))];
        var (actions, log, before) = (new float[Rows], new double[Rows], new float[Rows]);
        for (var step = 0; step < 5; step++)
        {
            policy.Act(new PolicyInput { Count = Rows, Observations = new float[Rows], Random = random, State = state }, new PolicyOutput { Continuous = actions, LogProbabilities = log });
            for (var i = 0; i < Rows; i++)
                Assert.Equal(Math.Clamp((float)((before[i] / 2) + same[i].NextDouble() - 0.5), -0.125f, 0.25f), actions[i]);
            Assert.All(log, value => Assert.True(double.IsNaN(value)));
            before = [.. actions];
        }
    }

    /// <summary>Repeats its last action, or, of continuous ones, draws uniformly around half of it; its memory holds nothing else.</summary>
    sealed class Repeating(Space actions) : IPolicy
    {
        public string Name => "repeating";

        public Space ObservationSpace => BoxSpace.Unbounded(1);

        public Space ActionSpace => actions;

        public IPolicyState CreateState(int instances) => new Held(instances);

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            var held = (Held)input.State!;
            for (var i = 0; i < input.Count; i++)
            {
                if (actions is DiscreteSpace)
                    output.Discrete[i] = (int)held.Last[i];
                else
                    output.Continuous[i] = (float)((held.Last[i] / 2) + input.Random[i].NextDouble() - 0.5);
            }

            Score(input, new ActionBatch { Discrete = output.Discrete, Continuous = output.Continuous }, output.LogProbabilities, output.Probabilities);
        }

        public void Score(in PolicyInput input, in ActionBatch taken, Span<double> logProbabilities, Span<double> probabilities)
        {
            var held = (Held)input.State!;
            for (var i = 0; i < input.Count; i++)
            {
                var action = actions is DiscreteSpace ? taken.Discrete[i] : taken.Continuous[i];
                for (var a = 0; a < 2 && !probabilities.IsEmpty; a++)
                    probabilities[(2 * i) + a] = a == held.Last[i] ? 1 : 0;
                logProbabilities[i] = Math.Abs(action - (actions is DiscreteSpace ? held.Last[i] : held.Last[i] / 2)) <= 0.5 ? 0 : double.NegativeInfinity;
                held.Last[i] = action;
            }
        }

        sealed class Held(int instances) : IPolicyState
        {
            public int Instances => instances;

            public float[] Last { get; private init; } = new float[instances];

            public IPolicyState Copy() => new Held(instances) { Last = [.. Last] };
        }
    }
}
