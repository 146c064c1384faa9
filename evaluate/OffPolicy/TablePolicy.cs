using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// A policy in a CSV file: columns <c>action</c> and <c>probability</c>, and any number of key columns, <c>observation_I</c> or a
/// passed-through column of numbers, whose values say on which rows of the log the distribution holds. Actions that are left out have probability 0.
/// </summary>
sealed class TablePolicy : IEvaluationPolicy
{
    // Published tables round probabilities.
    const double SumTolerance = 1e-3;

    readonly Dictionary<string, double[]> _distributions = new(StringComparer.Ordinal);
    readonly TrainingColumns _columns;
    readonly TablePolicySpec _spec;
    readonly string[] _keys;
    readonly Func<long, double>[] _values;

    /// <exception cref="UserErrorException">The file is missing or damaged, names a column the log lacks, or a distribution does not sum to one.</exception>
    public TablePolicy(TablePolicySpec spec, TrainingColumns columns)
    {
        if (columns.Info.ActionSpace is not DiscreteSpace discrete)
            throw EvaluateThrow.ColumnsNeedDiscrete(spec.Text, columns.Info.ActionSpace);
        (_spec, _columns) = (spec, columns);
        try
        {
            using var csv = new CsvReader(new StreamReader(spec.File), new CsvConfiguration(CultureInfo.InvariantCulture));
            csv.Read();
            csv.ReadHeader();
            _keys = csv.HeaderRecord!.Where(name => name is not ("action" or "probability")).ToArray();
            while (csv.Read())
            {
                var key = Key(_keys.Select(name => csv.GetField<double>(name)));
                if (!_distributions.TryGetValue(key, out var distribution))
                    _distributions[key] = distribution = new double[discrete.Count];
                distribution[csv.GetField<int>("action")] += csv.GetField<double>("probability");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CsvHelperException or IndexOutOfRangeException)
        {
            throw EvaluateThrow.TablePolicyFile(spec.Text, spec.File, discrete.Count, e);
        }

        _values = _keys.Select(Column).ToArray();
        foreach (var (key, distribution) in _distributions)
        {
            var sum = distribution.Sum();
            if (!(Math.Abs(sum - 1) <= SumTolerance) || distribution.Any(p => p < 0))
                throw EvaluateThrow.TablePolicySum(spec.Text, string.Join(", ", _keys), key, sum, SumTolerance);
            for (var a = 0; a < distribution.Length; a++)
                distribution[a] /= sum;
        }
    }

    public void Score(long firstRow, Span<double> logProbabilities, Span<double> probabilities)
    {
        var actions = _columns.DiscreteActions!.Slice(firstRow, logProbabilities.Length);
        for (var i = 0; i < logProbabilities.Length; i++)
        {
            var row = firstRow + i;
            var key = Key(_values.Select(value => value(row)));
            if (!_distributions.TryGetValue(key, out var distribution))
                throw EvaluateThrow.TablePolicyRow(_spec.Text, string.Join(", ", _keys), key, row, _columns.Info.Dataset);
            logProbabilities[i] = Math.Log(distribution[actions[i]]);
            if (!probabilities.IsEmpty)
                distribution.CopyTo(probabilities[(i * distribution.Length)..]);
        }
    }

    Func<long, double> Column(string name)
    {
        if (!name.StartsWith("observation_", StringComparison.Ordinal))
        {
            var column = _columns.InfoColumn(name);
            return row => column[row][0];
        }

        return int.TryParse(name["observation_".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < _columns.Info.ObservationSpace.FlatSize
            ? row => _columns.Observations is { } floats ? floats[row][index] : _columns.ObservationBytes![row][index]
            : throw EvaluateThrow.TablePolicyObservation(_spec.Text, name, _columns.Info.ObservationSpace.FlatSize);
    }

    static string Key(IEnumerable<double> values) => string.Join(", ", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));
}
