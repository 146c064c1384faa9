using OfflineRL.Datasets;
using OfflineRL.Tests.Environments;
using OfflineRL.Train.Tabular;

namespace OfflineRL.Tests.Train.Tabular;

/// <summary>Sutton and Barto, example 6.6: SARSA learns the safe way, Q-learning the best one, and falls off it while it explores.</summary>
public sealed class CliffWalkingTests
{
    const int Episodes = 500, Runs = 20;
    const double Epsilon = 0.1;

    [Fact]
    public void Sarsa_WalksSafelyAndEarnsMoreWhileItLearnsThanQLearningOnTheEdge()
    {
        var set = ActionSet.All(48, 4);
        var (sarsa, onPolicy) = Run(() => new Sarsa(new() { Discount = 1, LearningRate = 0.5, LearningRateDecay = 0 }, set), l => ((Sarsa)l).Values);
        var (q, offPolicy) = Run(() => new QLearning(new() { Discount = 1, LearningRate = 0.5, LearningRateDecay = 0 }, set), l => ((QLearning)l).Values);

        // The figure's levels: about -25 and -50 a trained episode.
        Assert.InRange(onPolicy, -35, -20);
        Assert.InRange(offPolicy, -65, -40);
        // Without exploration: 13 steps along the edge, against at least the way one row up.
        Assert.All(q, path => Assert.Equal(13, path.Count));
        Assert.All(q, path => Assert.Equal(11, path.Count(s => s / 12 == 2) - 1));
        // alpha 1/2 never settles, so a path or two may hold a loop; most lead home, and none along the whole edge.
        var safe = sarsa.Where(path => path[^1] == 47).ToList();
        Assert.True(safe.Count >= Runs * 3 / 4, $"only {safe.Count} of {Runs} lead to the goal");
        Assert.All(safe, path => Assert.InRange(path.Count, 15, 40));
    }

    // Acts, and learns from each step as it comes: what a loop over recorder and learner does. Returns greedy paths and the mean return of the last 100 episodes.
    static (List<List<int>> Paths, double Return) Run(Func<ITabularLearner> create, Func<ITabularLearner, ActionValues> values)
    {
        var (paths, sum) = (new List<List<int>>(), 0.0);
        for (var run = 0; run < Runs; run++)
        {
            var learner = create();
            var table = values(learner);
            var random = RandomStream.Create((ulong)run, "cliff");
            using var batch = new Batch("CliffWalking-v1", 1).Reset((ulong)run);
            for (var episode = 0; episode < Episodes; episode++)
            {
                var isOver = false;
                var state = (int)batch.Observations[0];
                var action = table.Set.EpsilonGreedy(table.Q, state, Epsilon, random);
                while (!isOver)
                {
                    batch.Step(action);
                    isOver = batch.Terminated[0] || batch.Truncated[0];
                    var next = (int)(isOver ? batch.Final[0] : batch.Observations[0]);
                    var nextAction = isOver ? -1 : table.Set.EpsilonGreedy(table.Q, next, Epsilon, random);
                    learner.Learn(new TabularTransition
                    {
                        State = state,
                        Action = action,
                        Reward = batch.Rewards[0],
                        NextState = next,
                        NextAction = nextAction,
                        Terminated = batch.Terminated[0],
                        EndsEpisode = isOver,
                    });
                    sum += episode >= Episodes - 100 ? batch.Rewards[0] : 0;
                    (state, action) = (next, nextAction);
                }
            }

            paths.Add(GreedyPath(table));
        }

        return (paths, sum / (100 * Runs));
    }

    static List<int> GreedyPath(ActionValues table)
    {
        var mdp = TabularTests.Mdp("CliffWalking-v1");
        var path = new List<int>();
        for (var state = 36; state != 47 && path.Count < 100;)
        {
            state = mdp.Row(state, table.Set.Best(table.Q, state)).NextStates[0];
            path.Add(state);
        }

        return path;
    }
}
