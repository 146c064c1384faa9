using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Estimators;
using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Estimators;

/// <summary>
/// A walk whose exact policy gradient is known: states 0 to 5, from which an action goes left or right and slips to the other side one time in five; the walk begins in 2, stays at 0 where it would
/// leave, costs 0.05 a step, earns 1 and ends beyond 5, and is ended at any step with probability 0.1. Discount 0.95; a softmax policy with a logit for every state and action.
/// </summary>
static class WalkCase
{
    public const int States = 6, Actions = 2;
    public const double Discount = 0.95;

    public static readonly string[] Unbiased =
    [
        "whole return", "whole return, constant", "whole return, leave-one-out",
        "reward to go", "reward to go, constant", "reward to go, leave-one-out", "reward to go, value",
    ];

    /// <summary>Those whose baseline holds the return that it is taken from.</summary>
    public static readonly string[] Biased = ["whole return, average", "reward to go, average"];

    static readonly double[] Logits = [0.2, -0.1, -0.3, 0.4, 0.1, 0.3, 0.5, -0.2, -0.4, 0.2, 0.0, 0.6];
    static readonly TabularMdp Mdp = Build();
    static readonly TabularPolicy Policy = new("softmax", Mdp, Softmax());

    /// <summary>[S * A]: visits times (q - v), the policy gradient theorem.</summary>
    public static double[] ExactGradient()
    {
        var values = TabularSolver.Evaluate(Mdp, Policy).States.ToArray();
        var actionValues = TabularSolver.ActionValues(Mdp, values);
        return [.. TabularSolver.Occupancy(Mdp, Policy).Take(States * Actions).Select((visit, i) => visit * (actionValues[i] - values[i / Actions]))];
    }

    /// <summary>
    /// What the average at the same step over the episodes that came so far leaves of the gradient: of each step's share 1 - E[1/n], where n - 1 of the other episodes came so far,
    /// each with the chance of coming so far: E[1/n] = (1 - (1 - chance)^E) / (E chance).
    /// </summary>
    public static double[] AverageToGoGradient(int episodes)
    {
        var values = TabularSolver.Evaluate(Mdp, Policy).States.ToArray();
        var actionValues = TabularSolver.ActionValues(Mdp, values);
        var gradient = new double[States * Actions];
        var now = new double[States + 1];
        now[2] = 1;
        for (var (t, discount) = (0, 1.0); t < 500; t++, discount *= Discount)
        {
            var chance = now.Take(States).Sum();
            var left = 1 - ((1 - Math.Pow(1 - chance, episodes)) / (episodes * chance));
            var next = new double[States + 1];
            for (var i = 0; i < gradient.Length; i++)
            {
                var taken = now[i / Actions] * Policy[i / Actions][i % Actions];
                gradient[i] += left * discount * taken * (actionValues[i] - values[i / Actions]);
                var row = Mdp.Row(i / Actions, i % Actions);
                for (var k = 0; k < row.Count; k++)
                    next[row.NextStates[k]] += row.Ends[k] ? 0 : taken * row.Probabilities[k];
            }

            now = next;
        }

        return gradient;
    }

    /// <summary>Each estimate of the gradient from one batch of episodes that the policy draws, by its name: [S * A].</summary>
    public static Dictionary<string, double[]> Estimates(int episodes, RandomStream random)
    {
        using var scope = NewDisposeScope();
        var (states, actions, steps, last, rewards) = Draw(episodes, random);
        var (stepIndex, lastRows) = (tensor(steps), tensor(last));
        var continues = ones(states.Length, ScalarType.Float64).index_fill_(0, lastRows, 0);
        var toGo = Returns.ToGo(tensor(rewards), continues.mul(Discount), continues);
        var whole = ScoreFunction.EpisodeReturns(toGo, stepIndex, lastRows);
        var index = stepIndex.eq(0).to(ScalarType.Int64).cumsum(0).sub(1);
        var longest = (int)steps.Max() + 1;
        var logits = tensor(Logits).reshape(States, Actions).requires_grad_();
        var logProbabilities = new Categorical(logits.index_select(0, tensor(states))).LogProbability(tensor(actions));
        var values = TabularSolver.Evaluate(Mdp, Policy).States.ToArray();

        return Unbiased.Concat(Biased).ToDictionary(name => name, name =>
        {
            var coefficients = name switch
            {
                "whole return" => whole.index_select(0, index),
                "whole return, constant" => whole.sub(values[2]).index_select(0, index),
                "whole return, leave-one-out" => whole.sub(Baselines.LeaveOneOut(whole, zeros_like(lastRows), 1)).index_select(0, index),
                "whole return, average" => whole.sub(Baselines.Average(whole, zeros_like(lastRows), 1)).index_select(0, index),
                "reward to go" => Discounted(toGo),
                "reward to go, constant" => Discounted(toGo.sub(values[2])),
                "reward to go, leave-one-out" => Discounted(toGo.sub(Baselines.LeaveOneOut(toGo, stepIndex, longest))),
                "reward to go, average" => Discounted(toGo.sub(Baselines.Average(toGo, stepIndex, longest))),
                _ => Discounted(toGo.sub(tensor([.. states.Select(s => values[s])]))),
            };
            var surrogate = ScoreFunction.Surrogate(logProbabilities, coefficients, episodes);
            return autograd.grad([surrogate], [logits], retain_graph: true)[0].neg().reshape(-1).data<double>().ToArray();
        });

        Tensor Discounted(Tensor coefficients) => coefficients.mul(ScoreFunction.StepDiscounts(Discount, stepIndex));
    }

    static (long[] States, long[] Actions, long[] Steps, long[] Last, double[] Rewards) Draw(int episodes, RandomStream random)
    {
        var (states, actions, steps, last, rewards) = (new List<long>(), new List<long>(), new List<long>(), new List<long>(), new List<double>());
        for (var e = 0; e < episodes; e++)
        {
            var (state, ends) = (2, false);
            for (var t = 0; !ends; t++)
            {
                var action = random.NextCategorical(Policy[state]);
                var row = Mdp.Row(state, action);
                var outcome = random.NextCategorical(row.Probabilities);
                states.Add(state);
                actions.Add(action);
                steps.Add(t);
                rewards.Add(row.Rewards[outcome]);
                (state, ends) = (row.NextStates[outcome], row.Ends[outcome]);
            }

            last.Add(states.Count - 1);
        }

        return ([.. states], [.. actions], [.. steps], [.. last], [.. rewards]);
    }

    static TabularMdp Build()
    {
        var builder = new TabularMdpBuilder(States + 1, Actions, "a walk") { Discount = Discount, EndsWhereNothingFollows = true };
        builder.SetStart(2, 1);
        for (var s = 0; s < States; s++)
        {
            for (var a = 0; a < Actions; a++)
            {
                // Ended, or gone where the action says, or to the other side.
                builder.Add(s, a, States, 0.1, -0.05, ends: true);
                Move(s, a, a, 0.72);
                Move(s, a, 1 - a, 0.18);
            }
        }

        return builder.Build();

        void Move(int s, int a, int side, double probability)
        {
            var next = Math.Max(0, s + (side == 1 ? 1 : -1));
            builder.Add(s, a, next, probability, next == States ? 0.95 : -0.05, ends: next == States);
        }
    }

    static double[] Softmax()
    {
        var policy = Enumerable.Repeat(1.0 / Actions, (States + 1) * Actions).ToArray();
        for (var i = 0; i < Logits.Length; i++)
            policy[i] = Math.Exp(Logits[i]) / (Math.Exp(Logits[i]) + Math.Exp(Logits[i ^ 1]));
        return policy;
    }
}
