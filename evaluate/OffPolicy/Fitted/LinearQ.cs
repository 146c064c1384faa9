using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Fitted Q evaluation, linear in <see cref="FitFeatures"/>: q(s, a) = w . phi(s, a).
/// </summary>
/// <remarks>
/// On to termination, w solves (sum phi (phi - discount E_pi_e phi')^T + ridge n I) w = sum phi r, the fixed point that iterated
/// least squares has where it converges (Lagoudakis and Parr 2003, "Least-squares policy iteration", LSTDQ). To the end of the logged episode, each step
/// has weights of its own: ridge regressions backwards from the last. A single decision is the regression of the reward.
/// Values beyond what the log's rewards can add up to are cut to it: off the log's own distribution the solution may be anywhere.
/// </remarks>
sealed class LinearQ(double ridge) : IValueModel
{
    /// <summary>Weights that are solved for at once.</summary>
    public const int MostFeatures = 3000;

    public void Fit(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, RandomStream random, CancellationToken cancellation)
    {
        var features = new FitFeatures(log);
        if (features.Size > MostFeatures)
            throw EvaluateThrow.TooManyFeatures("linear", features.Size, MostFeatures);
        if (log.IsFinite)
        {
            Backward(log, features, training, scored, values, cancellation);
            return;
        }

        var weights = Stationary(log, features, training, cancellation);
        foreach (var e in scored)
        {
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
                Score(log, features, weights, row, step: 0, values);
        }
    }

    /// <summary>w of the fixed point, on to termination.</summary>
    /// <returns>[d].</returns>
    /// <exception cref="UserErrorException">No step can be used, or the system is singular.</exception>
    public double[] Stationary(FitLog log, FitFeatures features, IReadOnlyList<int> training, CancellationToken cancellation)
    {
        var system = new LeastSquares(features.Size);
        var (phi, expected) = (new double[features.Size], new double[features.Size]);
        foreach (var e in training)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
            {
                var next = log.Next(e, row);
                if (next == FitLog.Unknown)
                    continue;
                features.Taken(row, phi);
                Array.Clear(expected);
                if (next >= 0)
                    features.Expected(next, expected);
                system.Add(phi, expected, log.Discount, log.Rewards[row]);
            }
        }

        return system.Rows > 0 ? system.Solve(ridge) : throw EvaluateThrow.NothingToFit();
    }

    void Backward(FitLog log, FitFeatures features, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, CancellationToken cancellation)
    {
        var (phi, none) = (new double[features.Size], new double[features.Size]);
        double[]? after = null;
        for (var t = Math.Max(training.Max(log.Length), scored.Max(log.Length)) - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            var system = new LeastSquares(features.Size);
            foreach (var e in training)
            {
                if (t >= log.Length(e))
                    continue;
                var row = log.FirstRow[e] + t;
                var target = log.Rewards[row];
                if (log.Next(e, row) is var next && next >= 0)
                {
                    features.Expected(next, phi);
                    target += log.Discount * Bounded(log, t + 1, Dot(after!, phi));
                }

                features.Taken(row, phi);
                system.Add(phi, none, 0, target);
            }

            // No training episode is so long: nothing is known to be earned.
            after = system.Rows == 0 ? none : system.Solve(ridge);
            foreach (var e in scored)
            {
                if (t < log.Length(e))
                    Score(log, features, after, log.FirstRow[e] + t, t, values);
            }
        }
    }

    static void Score(FitLog log, FitFeatures features, double[] weights, int row, int step, ValueColumns values)
    {
        var phi = new double[features.Size];
        features.Taken(row, phi);
        values.ActionValues[row] = Bounded(log, step, Dot(weights, phi));
        features.Expected(row, phi);
        values.StateValues[row] = Bounded(log, step, Dot(weights, phi));
    }

    static double Bounded(FitLog log, int step, double value)
    {
        var (low, high) = log.ValueBounds(step);
        return Math.Clamp(value, low, high);
    }

    /// <summary>Their inner product.</summary>
    public static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
