using MathNet.Numerics.LinearAlgebra;

namespace OfflineRL.Evaluate;

/// <summary>Quadratic forms over the simplex.</summary>
static class Simplex
{
    /// <summary>The x that minimises x' M x, with x not negative and of sum 1.</summary>
    /// <param name="matrix">M, symmetric, positive semidefinite; where all of it is 0, the last coordinate is taken.</param>
    /// <remarks>
    /// y = x s, with s free, minimises y' M y + (1'y - 1)^2 over y not negative at a multiple of that x; this is a least-squares
    /// problem with y not negative, solved by Lawson and Hanson's active sets (1974, chapter 23), which ends after finitely many steps.
    /// </remarks>
    public static double[] Minimize(Matrix<double> matrix)
    {
        var n = matrix.RowCount;
        var scale = matrix.Diagonal().Maximum();
        var solution = new double[n];
        if (!(scale > 0))
        {
            solution[^1] = 1;
            return solution;
        }

        // The ridge decides between directions that the form does not tell apart.
        var gram = (matrix / scale) + 1 + (Matrix<double>.Build.DenseIdentity(n) * 1e-12);
        List<int> passive = [];
        var y = Vector<double>.Build.Dense(n);
        for (var step = 0; step < 10 * n; step++)
        {
            var gradient = 1 - (gram * y);
            var entering = Enumerable.Range(0, n).Except(passive).Where(k => gradient[k] > 1e-12).DefaultIfEmpty(-1).MaxBy(k => k < 0 ? 0 : gradient[k]);
            if (entering < 0)
                break;
            passive.Add(entering);
            Settle(gram, passive, y);
        }

        var sum = y.Sum();
        for (var k = 0; k < n; k++)
            solution[k] = y[k] / sum;
        return solution;
    }

    /// <summary>Solves for the passive coordinates; those that would turn negative are stopped at 0 and leave.</summary>
    static void Settle(Matrix<double> gram, List<int> passive, Vector<double> y)
    {
        while (true)
        {
            var part = Matrix<double>.Build.Dense(passive.Count, passive.Count, (i, j) => gram[passive[i], passive[j]]);
            var free = part.Cholesky().Solve(Vector<double>.Build.Dense(passive.Count, 1.0));
            var step = 1.0;
            for (var i = 0; i < passive.Count; i++)
            {
                if (free[i] <= 0)
                    step = Math.Min(step, y[passive[i]] / (y[passive[i]] - free[i]));
            }

            for (var i = 0; i < passive.Count; i++)
                y[passive[i]] += step * (free[i] - y[passive[i]]);
            if (free.Minimum() > 0)
                return;
            foreach (var leaving in passive.Where(k => y[k] <= 1e-15).ToList())
            {
                y[leaving] = 0;
                passive.Remove(leaving);
            }
        }
    }
}
