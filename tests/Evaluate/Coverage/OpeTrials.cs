using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using Interval = OfflineRL.Evaluate.Interval;

namespace OfflineRL.Tests.Evaluate.Coverage;

/// <summary>What an estimator did over many logs of a decision process whose exact value is known.</summary>
/// <param name="Estimator">Its name.</param>
/// <param name="Mean">Of its estimates.</param>
/// <param name="Bias">Mean minus truth.</param>
/// <param name="StandardError">Of the mean over logs.</param>
/// <param name="RootMeanSquaredError">Over logs.</param>
/// <param name="Undefined">Logs without an estimate.</param>
/// <param name="Coverage">By method: the share of the logs with an interval in which it holds the truth; NaN where none has one.</param>
sealed record TrialResult(string Estimator, double Mean, double Bias, double StandardError, double RootMeanSquaredError, int Undefined, IReadOnlyDictionary<IntervalMethod, double> Coverage);

/// <summary>Draws logs of a tabular process under one policy and estimates another's value from each.</summary>
sealed class OpeTrials(TabularMdp mdp, double[] behavior, double[] evaluation)
{
    public static readonly IReadOnlyList<string> Names = ["is", "wis", "pdis", "wpdis", "dm", "dr", "wdr", "magic"];

    readonly TabularSampler _sampler = new(mdp);
    readonly double[] _states = TabularSolver.Evaluate(mdp, new TabularPolicy("evaluation", mdp, evaluation)).States.ToArray();

    /// <summary>The exact value of the evaluated policy.</summary>
    public double Truth { get; } = TabularSolver.Evaluate(mdp, new TabularPolicy("evaluation", mdp, evaluation)).Return;

    /// <summary>The mean effective sample size of the logs of the last run.</summary>
    public double EffectiveSampleSize { get; private set; }

    /// <summary>Three cells a side, goals in two corners.</summary>
    public static TabularMdp GridWorld()
    {
        var identity = EnvironmentRegistry.Resolve("GridWorld-v1?size=3");
        return TabularEnvironments.Tasks.Single(t => t.Id == "GridWorld-v1").Mdp(identity).WithDiscount(0.95);
    }

    /// <summary>A policy that follows <paramref name="b"/> with a probability, else <paramref name="a"/>.</summary>
    public static double[] Mix(double[] a, double[] b, double share) => a.Zip(b, (x, y) => ((1 - share) * x) + (share * y)).ToArray();

    /// <summary>Runs all of it; log l draws from child l of the stream, whatever the number of threads.</summary>
    /// <param name="logs">How many.</param>
    /// <param name="episodes">Of each log.</param>
    /// <param name="resamples">Of the bootstrap; 0: no intervals.</param>
    /// <param name="random">Of this run.</param>
    public IReadOnlyList<TrialResult> Run(int logs, int episodes, int resamples, RandomStream random)
    {
        var estimates = Names.Select(_ => new double[logs]).ToArray();
        var methods = Enum.GetValues<IntervalMethod>();
        var intervals = Names.Select(_ => methods.Select(_ => new Interval[logs]).ToArray()).ToArray();
        var sizes = new double[logs];
        // The values are wrong on purpose, in a fixed way: exact ones would hide what the weights do.
        var q = TabularSolver.ActionValues(mdp, _states).Select((value, i) => (0.8 * value) + (0.05 * Math.Sin(i))).ToArray();
        Parallel.For(0, logs, l =>
        {
            var stream = random.Derive((ulong)l);
            var (log, values) = Sample(episodes, q, stream);
            sizes[l] = WeightDiagnostics.Of(log).EffectiveSampleSize;
            var statistics = Statistics(log, values, stream);
            var replicates = resamples > 0 ? new EpisodeResamples(statistics).Draw(resamples, stream.Derive("bootstrap"), default, processors: 1) : null;
            for (var e = 0; e < statistics.Length; e++)
            {
                estimates[e][l] = statistics[e].Value;
                if (replicates is null)
                    continue;
                var weighted = Names[e] == "dm" ? null : log;
                var ends = new EstimateIntervals(statistics[e], replicates[e], EstimateIntervals.Range(statistics[e], weighted, mdp.Discount), "");
                for (var m = 0; m < methods.Length; m++)
                    intervals[e][m][l] = ends.Of(methods[m], 0.95);
            }
        });
        EffectiveSampleSize = sizes.Average();
        return Names.Select((name, e) => Result(name, estimates[e], methods.Select((method, m) => (method, intervals[e][m])))).ToList();
    }

    EpisodeStatistic[] Statistics(LoggedEpisodes log, ValueColumns values, RandomStream stream) =>
    [
        Estimators.ImportanceSampling(log, mdp.Discount),
        Estimators.WeightedImportanceSampling(log, mdp.Discount),
        Estimators.PerDecisionImportanceSampling(log, mdp.Discount),
        Estimators.WeightedPerDecisionImportanceSampling(log, mdp.Discount),
        DoublyRobustEstimators.DirectMethod(log, values),
        DoublyRobustEstimators.DoublyRobust(log, values, mdp.Discount),
        DoublyRobustEstimators.WeightedDoublyRobust(log, values, mdp.Discount),
        Magic.Estimate(log, values, mdp.Discount, stream.Derive("magic")),
    ];

    TrialResult Result(string name, double[] estimates, IEnumerable<(IntervalMethod Method, Interval[] Intervals)> intervals)
    {
        var defined = estimates.Where(double.IsFinite).ToArray();
        var mean = defined.DefaultIfEmpty(double.NaN).Average();
        var variance = defined.Sum(x => (x - mean) * (x - mean)) / Math.Max(1, defined.Length - 1);
        return new(
            name,
            mean,
            mean - Truth,
            Math.Sqrt(variance / Math.Max(1, defined.Length)),
            Math.Sqrt(defined.Select(x => (x - Truth) * (x - Truth)).DefaultIfEmpty(double.NaN).Average()),
            estimates.Length - defined.Length,
            intervals.ToDictionary(i => i.Method, i => i.Intervals.Where(x => double.IsFinite(x.Low)).Select(x => x.Contains(Truth) ? 1.0 : 0).DefaultIfEmpty(double.NaN).Average()));
    }

    (LoggedEpisodes Log, ValueColumns Values) Sample(int episodes, double[] q, RandomStream stream)
    {
        var (first, rewards, evaluated, logged) = (new List<int> { 0 }, new List<double>(), new List<double>(), new List<double>());
        var (actionValues, stateValues) = (new List<double>(), new List<double>());
        var (action, state, random, reward, ended) = (new int[1], new int[1], new[] { stream.Derive("steps") }, new double[1], new bool[1]);
        for (var i = 0; i < episodes; i++)
        {
            (state[0], ended[0]) = (_sampler.Start(random[0]), false);
            while (!ended[0])
            {
                var row = state[0] * mdp.ActionCount;
                action[0] = random[0].NextCategorical(behavior.AsSpan(row, mdp.ActionCount));
                logged.Add(Math.Log(behavior[row + action[0]]));
                evaluated.Add(Math.Log(evaluation[row + action[0]]));
                actionValues.Add(q[row + action[0]]);
                stateValues.Add(Enumerable.Range(row, mdp.ActionCount).Sum(a => evaluation[a] == 0 ? 0 : evaluation[a] * q[a]));
                _sampler.Step(action, state, random, reward, ended);
                rewards.Add(reward[0]);
            }

            first.Add(rewards.Count);
        }

        return (
            LoggedEpisodes.Create(first.ToArray(), rewards.ToArray(), evaluated.ToArray(), logged.ToArray()),
            new ValueColumns(actionValues.ToArray(), stateValues.ToArray()));
    }
}
