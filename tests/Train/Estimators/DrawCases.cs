using OfflineRL.Train;
using OfflineRL.Train.Estimators;
using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Estimators;

/// <summary>The gradient of E[f(a)] where one action is drawn: from a normal distribution with f quadratic, and from two discrete actions with f a polynomial of their one-hot vector.</summary>
static class DrawCases
{
    const double Mean = 0.5, LogDeviation = -0.2, Target = 3;
    static readonly double[] Logits = [0.4, -0.3];

    public static readonly string[] Continuous = ["score function", "score function, leave-one-out", "pathwise"];

    public static readonly string[] UnbiasedDiscrete = ["score function", "score function, leave-one-out"];

    public static readonly string[] BiasedDiscrete = ["straight-through", "Gumbel-softmax, temperature 1", "Gumbel-softmax, temperature 0.5", "Gumbel-softmax, temperature 0.1", "straight-through Gumbel, temperature 0.5"];

    /// <summary>Of -(a - 3)^2 by mean and logarithm of the deviation: -2 (mu - 3), -2 sigma^2.</summary>
    public static double[] ContinuousGradient => [-2 * (Mean - Target), -2 * Math.Exp(2 * LogDeviation)];

    /// <summary>Of p_0 f(e_0) + p_1 f(e_1) by the logits: f(e_0) = 2, f(e_1) = 0.5.</summary>
    public static double[] DiscreteGradient => [First * (1 - First) * 1.5, -First * (1 - First) * 1.5];

    static double First => 1 / (1 + Math.Exp(Logits[1] - Logits[0]));

    public static Dictionary<string, double[]> ContinuousEstimates(int draws, Generator generator)
    {
        using var scope = NewDisposeScope();
        var (mean, log) = (tensor(new[] { Mean }).requires_grad_(), tensor(new[] { LogDeviation }).requires_grad_());
        DiagonalGaussian policy = new(mean.expand(draws, 1), log.expand(draws, 1));
        var actions = policy.Sample(generator);
        var (logProbabilities, returns) = (policy.LogProbability(actions), Value(actions));
        return Continuous.ToDictionary(name => name, name => Gradient(
            name switch
            {
                "pathwise" => Pathwise.Surrogate(policy, Value, generator),
                _ => ScoreFunction.Surrogate(logProbabilities, name == "score function" ? returns : returns.sub(Baselines.LeaveOneOut(returns, zeros_like(returns).to(ScalarType.Int64), 1)), draws),
            },
            [mean, log]));

        static Tensor Value(Tensor actions) => actions.squeeze(-1).sub(Target).square().neg();
    }

    public static Dictionary<string, double[]> DiscreteEstimates(int draws, Generator generator)
    {
        using var scope = NewDisposeScope();
        var logits = tensor(Logits).requires_grad_();
        Categorical policy = new(logits.expand(draws, 2));
        var actions = policy.Sample(generator);
        var (logProbabilities, returns) = (policy.LogProbability(actions), actions.eq(0).to(ScalarType.Float64).mul(1.5).add(0.5));
        return UnbiasedDiscrete.Concat(BiasedDiscrete).ToDictionary(name => name, name => Gradient(
            name switch
            {
                "score function" => ScoreFunction.Surrogate(logProbabilities, returns, draws),
                "score function, leave-one-out" => ScoreFunction.Surrogate(logProbabilities, returns.sub(Baselines.LeaveOneOut(returns, zeros_like(returns).to(ScalarType.Int64), 1)), draws),
                "straight-through" => Relaxed(Relaxations.StraightThrough(policy, generator)),
                "straight-through Gumbel, temperature 0.5" => Relaxed(Relaxations.StraightThroughGumbel(policy, 0.5, generator)),
                _ => Relaxed(Relaxations.GumbelSoftmax(policy, TemperatureOf(name), generator)),
            },
            [logits]));

        static Tensor Relaxed(Tensor x) => F(x).mean().neg();
    }

    /// <summary>What theory says that a biased estimate means, by the first logit (the second's is its opposite): a sum over actions, or an integral over the logistic noise between two of them.</summary>
    public static double Expectation(string name)
    {
        var p = First;
        if (name == "straight-through")
            return p * (1 - p) * ((p * Slope(1)) + ((1 - p) * Slope(0)));
        var (temperature, sum) = (TemperatureOf(name), 0.0);
        const int Cells = 400_000;
        for (var i = 0; i < Cells; i++)
        {
            var v = (i + 0.5) / Cells;
            var y = 1 / (1 + Math.Exp(-(Logits[0] - Logits[1] + Math.Log(v / (1 - v))) / temperature));
            sum += Slope(name.StartsWith("straight", StringComparison.Ordinal) ? Math.Round(y) : y) * y * (1 - y) / temperature;
        }

        return sum / Cells;
    }

    static double TemperatureOf(string name) => double.Parse(name.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);

    // f(x) = 2 x_0^2 + x_1 / 2 - x_0 x_1, and its derivative by x_0 less that by x_1 where x_1 = 1 - x_0.
    static Tensor F(Tensor x) => x.select(-1, 0).square().mul(2).add(x.select(-1, 1), alpha: 0.5).sub(x.select(-1, 0).mul(x.select(-1, 1)));

    static double Slope(double x0) => (4 * x0) - (1 - x0) - (0.5 - x0);

    static double[] Gradient(Tensor surrogate, IList<Tensor> parameters) =>
        cat([.. autograd.grad([surrogate], parameters, retain_graph: true).Select(gradient => gradient.neg())]).data<double>().ToArray();
}
