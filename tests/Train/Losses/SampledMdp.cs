using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

/// <summary>
/// A small MDP whose episodes take two or three steps, a behavior, a softmax policy, the policy's exact gradient, and logs of the behavior, drawn or
/// all there are.
/// </summary>
static class SampledMdp
{
    public const int States = 5, Actions = 2;
    public const double Discount = 0.9;

    // From state 0 to 1 or 2, which end the episode at times, else to 3 or 4, which end it always.
    static readonly TabularMdp Mdp = Build();
    static readonly double[] Logits = [0.3, -0.2, 0.5, -0.4, -0.6, 0.1, 0.2, 0.7, -0.1, 0.4];

    /// <summary>[S * A].</summary>
    public static double[] Behavior { get; } = [0.35, 0.65, 0.3, 0.7, 0.6, 0.4, 0.65, 0.35, 0.45, 0.55];

    /// <summary>[S * A].</summary>
    public static double[] Policy { get; } = Softmax();

    /// <summary>The derivative of the discounted return by the policy's logits: visits times (q - v), the policy gradient theorem. [S * A].</summary>
    public static double[] ExactGradient()
    {
        var policy = new TabularPolicy("softmax", Mdp, Policy);
        var values = TabularSolver.Evaluate(Mdp, policy).States.ToArray();
        var actionValues = TabularSolver.ActionValues(Mdp, values);
        var visits = TabularSolver.Occupancy(Mdp, policy);
        return [.. visits.Select((visit, i) => visit * (actionValues[i] - values[i / Actions]))];
    }

    /// <summary>What an episode of the behavior, and one of the best policy, earns: discounted, in expectation.</summary>
    public static (double Behavior, double Best) Earned() => (ReturnOf(Behavior), TabularSolver.PolicyIteration(Mdp).Return);

    /// <summary>What an episode of a policy earns, discounted, in expectation.</summary>
    /// <param name="probabilities">[S * A], without or with the state in which episodes have ended.</param>
    public static double ReturnOf(double[] probabilities) => Evaluate(probabilities).Return;

    /// <summary>A dataset of drawn episodes with the behavior's probabilities.</summary>
    public static TrainingColumns Write(TrainData data, string name, int episodes, ulong seed = 1, Func<double, double>? logged = null, PropensitySource source = PropensitySource.Logged)
    {
        using var scope = NewDisposeScope();
        var log = Draw(episodes, RandomStream.Create(seed, "dataset"));
        var description = new DatasetDescription
        {
            ObservationSpace = new DiscreteSpace(States + 1),
            ActionSpace = new DiscreteSpace(Actions),
            PropensitySource = source,
            PropensityKind = source == PropensitySource.Unknown ? PropensityKind.None : PropensityKind.Probability,
        };
        using (var writer = DatasetWriter.Create(data.Workspace, name, description))
        {
            var (rewards, first) = (log.Rewards.data<double>().ToArray(), 0);
            foreach (var last in log.LastRows.data<long>().ToArray())
            {
                var rows = Enumerable.Range(first, (int)last + 1 - first).ToArray();
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{first}",
                    BehaviorPolicy = "test",
                    Observations = rows.Select(i => (float)log.States[i]).ToArray(),
                    DiscreteActions = rows.Select(i => (int)log.Actions[i]).ToArray(),
                    Rewards = rows.Select(i => rewards[i]).ToArray(),
                    BehaviorLogProbabilities = source == PropensitySource.Unknown ? [] : rows.Select(i => (logged ?? Math.Log)(Behavior[(log.States[i] * Actions) + log.Actions[i]])).ToArray(),
                    Terminated = true,
                });
                first = (int)last + 1;
            }

            writer.Commit();
        }

        return Dataset.Open(data.Workspace, name).Compile(NullProgress.Instance);
    }

    /// <summary>V of the policy, by state: a baseline.</summary>
    public static double[] Values() => ValuesOf(Policy);

    /// <summary>Q of a policy: [S * A].</summary>
    /// <param name="probabilities">[S * A], without or with the state in which episodes have ended.</param>
    public static double[] ActionValuesOf(double[] probabilities) => TabularSolver.ActionValues(Mdp, Evaluate(probabilities).States);

    /// <summary>V of a policy, by state.</summary>
    /// <param name="probabilities">[S * A], without or with the state in which episodes have ended.</param>
    public static double[] ValuesOf(double[] probabilities) => Evaluate(probabilities).States.ToArray();

    /// <summary>Episodes drawn with the behavior.</summary>
    public static Log Draw(int episodes, RandomStream random)
    {
        var log = new LogBuilder();
        for (var e = 0; e < episodes; e++)
        {
            var (state, ends) = (0, false);
            while (!ends)
            {
                var action = random.NextCategorical(Behavior.AsSpan(state * Actions, Actions));
                var row = Mdp.Row(state, action);
                var outcome = random.NextCategorical(row.Probabilities);
                ends = row.Ends[outcome];
                log.Add(state, action, row.Rewards[outcome], ends);
                state = row.NextStates[outcome];
            }
        }

        return log.Build();
    }

    /// <summary>Every episode there is, and its probability under the behavior.</summary>
    public static (Log Log, double[] Probabilities) Every()
    {
        var (log, probabilities) = (new LogBuilder(), new List<double>());
        Follow([], 0, 1);
        return (log.Build(), [.. probabilities]);

        void Follow((int State, int Action, double Reward)[] path, int state, double probability)
        {
            for (var action = 0; action < Actions; action++)
            {
                var row = Mdp.Row(state, action);
                for (var i = 0; i < row.Count; i++)
                {
                    (int, int, double)[] longer = [.. path, (state, action, row.Rewards[i])];
                    var p = probability * Behavior[(state * Actions) + action] * row.Probabilities[i];
                    if (!row.Ends[i])
                    {
                        Follow(longer, row.NextStates[i], p);
                        continue;
                    }

                    for (var t = 0; t < longer.Length; t++)
                        log.Add(longer[t].Item1, longer[t].Item2, longer[t].Item3, t == longer.Length - 1);
                    probabilities.Add(p);
                }
            }
        }
    }

    static TabularValues Evaluate(double[] probabilities) =>
        TabularSolver.Evaluate(Mdp, new TabularPolicy("a policy", Mdp, [.. probabilities.Take(States * Actions), 0.5, 0.5]));

    static TabularMdp Build()
    {
        var builder = new TabularMdpBuilder(States + 1, Actions, "a test") { Discount = Discount, EndsWhereNothingFollows = true };
        builder.SetStart(0, 1);
        for (var a = 0; a < Actions; a++)
        {
            builder.Add(0, a, 1, a == 0 ? 0.7 : 0.4, a == 0 ? 0.5 : -0.3).Add(0, a, 2, a == 0 ? 0.3 : 0.6, 1);
            for (var s = 1; s <= 2; s++)
            {
                builder.Add(s, a, 3, 0.3 + (0.2 * a), s - (2 * a)).Add(s, a, 4, 0.4 - (0.1 * s), 0.5 * s);
                builder.Add(s, a, States, 0.3 - (0.2 * a) + (0.1 * s), 1.5, ends: true);
            }

            builder.Add(3, a, States, 1, 1 + (3 * a), ends: true).Add(4, a, States, 1, 2 - (2.5 * a), ends: true);
        }

        return builder.Build();
    }

    static double[] Softmax()
    {
        var policy = new double[(States + 1) * Actions];
        for (var s = 0; s <= States; s++)
        {
            var sum = s == States ? 2 : Math.Exp(Logits[s * Actions]) + Math.Exp(Logits[(s * Actions) + 1]);
            for (var a = 0; a < Actions; a++)
                policy[(s * Actions) + a] = s == States ? 0.5 : Math.Exp(Logits[(s * Actions) + a]) / sum;
        }

        return policy;
    }

    sealed class LogBuilder
    {
        readonly List<long> _states = [], _actions = [], _steps = [], _last = [];
        readonly List<double> _rewards = [];
        int _step, _longest;

        public void Add(int state, int action, double reward, bool ends)
        {
            _states.Add(state);
            _actions.Add(action);
            _rewards.Add(reward);
            _steps.Add(_step++);
            _longest = Math.Max(_longest, _step);
            if (!ends)
                return;
            _last.Add(_states.Count - 1);
            _step = 0;
        }

        public Log Build() => new([.. _states], [.. _actions], [.. _rewards], [.. _steps], [.. _last], _longest);
    }

    /// <summary>Whole episodes one behind the other, as the losses take them.</summary>
    public sealed class Log
    {
        readonly long[] _steps;

        public Log(long[] states, long[] actions, double[] rewards, long[] steps, long[] last, int longest)
        {
            (States, Actions, _steps, Longest) = (states, actions, steps, longest);
            (Steps, LastRows, Rewards) = (tensor(steps), tensor(last), tensor(rewards));
            var ends = new HashSet<long>(last);
            Continues = tensor([.. Enumerable.Range(0, states.Length).Select(i => ends.Contains(i) ? 0.0 : 1)]);
            // Every episode terminates, so that nothing follows a last row.
            Discounts = Continues.mul(Discount);
            LogRatios = tensor([.. states.Select((s, i) => Math.Log(Policy[(s * SampledMdp.Actions) + actions[i]] / Behavior[(s * SampledMdp.Actions) + actions[i]]))]);
        }

        public IReadOnlyList<long> States { get; }

        public IReadOnlyList<long> Actions { get; }

        public int Episodes => (int)LastRows.size(0);

        public int Longest { get; }

        public Tensor Steps { get; }

        public Tensor LastRows { get; }

        public Tensor Rewards { get; }

        public Tensor Discounts { get; }

        public Tensor Continues { get; }

        public Tensor LogRatios { get; }

        /// <summary>[N]: each row's episode.</summary>
        public Tensor EpisodeIndex => Steps.eq(0).to(ScalarType.Int64).cumsum(0).sub(1);

        /// <summary>A log of some of its episodes.</summary>
        public Log Only(params int[] episodes)
        {
            var (last, rewards, log) = (LastRows.data<long>().ToArray(), Rewards.data<double>().ToArray(), new LogBuilder());
            foreach (var e in episodes)
            {
                for (var row = e == 0 ? 0 : last[e - 1] + 1; row <= last[e]; row++)
                    log.Add((int)States[(int)row], (int)Actions[(int)row], rewards[row], row == last[e]);
            }

            return log.Build();
        }

        /// <summary>[N]: which number of a table each row's state has.</summary>
        public Tensor Of(double[] table) => tensor([.. States.Select(s => table[s])]);

        /// <summary>The sum over rows of gamma^t times the coefficient times grad log pi, by episode: [E][S * A].</summary>
        public double[][] Gradients(Tensor coefficients)
        {
            var (numbers, last) = (coefficients.to(ScalarType.Float64).data<double>().ToArray(), LastRows.data<long>().ToArray());
            var gradients = new double[last.Length][];
            var row = 0;
            for (var e = 0; e < last.Length; e++)
            {
                gradients[e] = new double[(SampledMdp.States + 1) * SampledMdp.Actions];
                for (; row <= last[e]; row++)
                {
                    var scale = Math.Pow(Discount, _steps[row]) * numbers[row];
                    for (var a = 0; a < SampledMdp.Actions; a++)
                    {
                        var i = (States[row] * SampledMdp.Actions) + a;
                        gradients[e][i] += scale * ((a == Actions[row] ? 1 : 0) - Policy[i]);
                    }
                }
            }

            return gradients;
        }
    }
}
