using MathNet.Numerics.LinearAlgebra;
using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv:1604.00772): minimizes a function of n numbers by its values alone. Each generation draws from N(m, sigma^2 C); the mean moves to the
/// better half (equation 42), the step size by the length of the path of the means (equations 43 and 44), the covariance by the rank-one and the rank-mu update with negative weights (equations 45 to 47).
/// </summary>
/// <remarks>
/// Draws are m + sigma C^(1/2) z with the symmetric root, so that C^(-1/2) of a step is its z and no sign of an eigenvector matters. As in the tutorial's appendix B.2 the root is computed
/// anew only as often as costs no more than the rest.
/// </remarks>
public sealed class CmaEs
{
    readonly double[] _weights;
    readonly double _effective, _pathShare, _stepShare, _damping, _rankOne, _rankMu, _expectedLength;
    readonly int _rootPeriod;
    readonly double[,] _covariance, _root;
    readonly double[] _mean, _path, _stepPath;
    // The draws of the generation under way: [lambda, n] standard normal, and what they became under C^(1/2).
    readonly double[][] _normals, _steps;

    /// <param name="mean">Where the search begins.</param>
    /// <param name="sigma">The first step size: about a third of the distance within which the optimum is expected, in every coordinate.</param>
    /// <param name="population">lambda, at least 4; 0: 4 + floor(3 ln n).</param>
    /// <exception cref="ArgumentOutOfRangeException">No coordinate, a step size that is not positive, or a population below 4.</exception>
    public CmaEs(ReadOnlySpan<double> mean, double sigma, int population = 0)
    {
        var n = mean.Length;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n, nameof(mean));
        if (!(sigma > 0 && double.IsFinite(sigma)))
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "The first step size must be positive.");
        Population = population == 0 ? DefaultPopulation(n) : population;
        ArgumentOutOfRangeException.ThrowIfLessThan(Population, 4, nameof(population));
        (Sigma, _mean, _path, _stepPath) = (sigma, mean.ToArray(), new double[n], new double[n]);
        (_covariance, _root) = (Identity(n), Identity(n));
        (_normals, _steps) = (Rows(Population, n), Rows(Population, n));

        // Table 1 of the tutorial.
        var raw = Enumerable.Range(1, Population).Select(i => Math.Log((Population + 1) / 2.0) - Math.Log(i)).ToArray();
        var mu = Population / 2;
        _effective = Effective(raw[..mu]);
        var negative = Effective(raw[mu..]);
        _pathShare = (4 + (_effective / n)) / (n + 4 + (2 * _effective / n));
        _stepShare = (_effective + 2) / (n + _effective + 5);
        _damping = 1 + (2 * Math.Max(0, Math.Sqrt((_effective - 1) / (n + 1)) - 1)) + _stepShare;
        _rankOne = 2 / (Square(n + 1.3) + _effective);
        _rankMu = Math.Min(1 - _rankOne, 2 * (0.25 + _effective + (1 / _effective) - 2) / (Square(n + 2) + _effective));
        var limit = new[] { 1 + (_rankOne / _rankMu), 1 + (2 * negative / (_effective + 2)), (1 - _rankOne - _rankMu) / (n * _rankMu) }.Min();
        var (positiveSum, negativeSum) = (raw.Where(w => w >= 0).Sum(), -raw.Where(w => w < 0).Sum());
        _weights = [.. raw.Select(w => w >= 0 ? w / positiveSum : limit * w / negativeSum)];
        _expectedLength = Math.Sqrt(n) * (1 - (1 / (4.0 * n)) + (1 / (21.0 * n * n)));
        _rootPeriod = Math.Max(1, (int)(1 / (10 * n * (_rankOne + _rankMu))));
    }

    /// <summary>lambda where none is given: 4 + floor(3 ln n).</summary>
    public static int DefaultPopulation(int n) => 4 + (int)(3 * Math.Log(n));

    /// <summary>lambda: candidates of a generation.</summary>
    public int Population { get; }

    /// <summary>m, [n]: the search's answer.</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>sigma: the step size.</summary>
    public double Sigma { get; private set; }

    /// <summary>Generations done.</summary>
    public long Generation { get; private set; }

    /// <summary>C, [n, n].</summary>
    internal double[,] Covariance => _covariance;

    /// <summary>The candidates of the next generation, to be valued and told: [lambda] rows of [n].</summary>
    /// <param name="random">Gives lambda n normal numbers.</param>
    public double[][] Ask(RandomStream random)
    {
        foreach (var row in _normals)
        {
            foreach (ref var z in row.AsSpan())
                z = random.NextGaussian();
        }

        return Candidates();
    }

    /// <summary>As <see cref="Ask(RandomStream)"/>, with normal numbers that are given: [lambda] rows of [n].</summary>
    internal double[][] Ask(double[][] normals)
    {
        for (var k = 0; k < Population; k++)
            normals[k].CopyTo(_normals[k], 0);
        return Candidates();
    }

    /// <summary>Moves mean, step size and covariance by the values of the candidates.</summary>
    /// <param name="values">[lambda], in the order of the candidates; the smaller the better. What is not a number counts as the worst.</param>
    public void Tell(ReadOnlySpan<double> values)
    {
        if (values.Length != Population)
            throw new ArgumentException($"{values.Length} values; expected one for each of {Population} candidates.", nameof(values));
        var n = _mean.Length;
        // Equal values keep their order, so that the order of a sort changes nothing.
        var keys = values.ToArray().Select(value => double.IsNaN(value) ? double.PositiveInfinity : value).ToArray();
        var order = Enumerable.Range(0, Population).OrderBy(k => keys[k]).ToArray();
        var (moved, normal) = (new double[n], new double[n]);
        for (var i = 0; i < Population / 2; i++)
        {
            for (var d = 0; d < n; d++)
            {
                moved[d] += _weights[i] * _steps[order[i]][d];
                normal[d] += _weights[i] * _normals[order[i]][d];
            }
        }

        for (var d = 0; d < n; d++)
        {
            _mean[d] += Sigma * moved[d];
            _stepPath[d] = ((1 - _stepShare) * _stepPath[d]) + (Math.Sqrt(_stepShare * (2 - _stepShare) * _effective) * normal[d]);
        }

        var length = Math.Sqrt(_stepPath.Sum(Square));
        // While the path is still long for its age, the rank-one update waits: the step size is what is wrong.
        var settled = length / Math.Sqrt(1 - Math.Pow(1 - _stepShare, 2 * (Generation + 1))) < (1.4 + (2 / (n + 1.0))) * _expectedLength;
        for (var d = 0; d < n; d++)
            _path[d] = ((1 - _pathShare) * _path[d]) + (settled ? Math.Sqrt(_pathShare * (2 - _pathShare) * _effective) * moved[d] : 0);
        MoveCovariance(order, settled);
        Sigma *= Math.Exp(_stepShare / _damping * ((length / _expectedLength) - 1));
        Generation++;
        if (Generation % _rootPeriod == 0)
            TakeRoot();
    }

    /// <summary>Everything that decides what the next generations do, as numbers in one row.</summary>
    public double[] GetState() => [Generation, Sigma, .. _mean, .. _path, .. _stepPath, .. _covariance.Cast<double>(), .. _root.Cast<double>()];

    /// <summary>Goes on exactly where <see cref="GetState"/> was taken, between a Tell and an Ask.</summary>
    /// <exception cref="ArgumentException">Of another dimension.</exception>
    public void SetState(ReadOnlySpan<double> state)
    {
        var n = _mean.Length;
        if (state.Length != StateSize(n))
            throw new ArgumentException($"A state of {state.Length} numbers; expected {StateSize(n)} for {n} coordinates.", nameof(state));
        (Generation, Sigma) = ((long)state[0], state[1]);
        state.Slice(2, n).CopyTo(_mean);
        state.Slice(2 + n, n).CopyTo(_path);
        state.Slice(2 + (2 * n), n).CopyTo(_stepPath);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
                (_covariance[i, j], _root[i, j]) = (state[2 + (3 * n) + (i * n) + j], state[2 + (3 * n) + (n * n) + (i * n) + j]);
        }
    }

    /// <summary>Numbers of a state for n coordinates.</summary>
    public static int StateSize(int n) => 2 + (3 * n) + (2 * n * n);

    double[][] Candidates()
    {
        var n = _mean.Length;
        var candidates = Rows(Population, n);
        for (var k = 0; k < Population; k++)
        {
            for (var i = 0; i < n; i++)
            {
                var y = 0.0;
                for (var j = 0; j < n; j++)
                    y += _root[i, j] * _normals[k][j];
                _steps[k][i] = y;
                candidates[k][i] = _mean[i] + (Sigma * y);
            }
        }

        return candidates;
    }

    void MoveCovariance(int[] order, bool settled)
    {
        var n = _mean.Length;
        // A negative weight is scaled by the length of its step, which keeps the matrix positive definite.
        var scaled = new double[Population];
        for (var i = 0; i < Population; i++)
            scaled[i] = _weights[i] >= 0 ? _weights[i] : _weights[i] * n / Math.Max(_normals[order[i]].Sum(Square), double.Epsilon);
        var keep = 1 + (settled ? 0 : _rankOne * _pathShare * (2 - _pathShare)) - _rankOne - (_rankMu * _weights.Sum());
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = 0.0;
                for (var k = 0; k < Population; k++)
                    sum += scaled[k] * _steps[order[k]][i] * _steps[order[k]][j];
                _covariance[i, j] = _covariance[j, i] = (keep * _covariance[i, j]) + (_rankOne * _path[i] * _path[j]) + (_rankMu * sum);
            }
        }
    }

    void TakeRoot()
    {
        var n = _mean.Length;
        var eigen = Matrix<double>.Build.DenseOfArray(_covariance).Evd(Symmetricity.Symmetric);
        var lengths = new double[n];
        // Rounding may leave what is nearly 0 below it.
        for (var k = 0; k < n; k++)
            lengths[k] = Math.Sqrt(Math.Max(eigen.EigenValues[k].Real, 1e-300));
        var vectors = eigen.EigenVectors;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = 0.0;
                for (var k = 0; k < n; k++)
                    sum += vectors[i, k] * lengths[k] * vectors[j, k];
                _root[i, j] = _root[j, i] = sum;
            }
        }
    }

    static double Effective(double[] weights) => Square(weights.Sum()) / weights.Sum(Square);

    static double Square(double x) => x * x;

    static double[,] Identity(int n)
    {
        var matrix = new double[n, n];
        for (var i = 0; i < n; i++)
            matrix[i, i] = 1;
        return matrix;
    }

    static double[][] Rows(int count, int n) => [.. Enumerable.Range(0, count).Select(_ => new double[n])];
}
