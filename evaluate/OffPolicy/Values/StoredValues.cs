using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Values that the log stores beside its steps, such as a regression made elsewhere.</summary>
sealed class StoredValues(ValueConfig config) : IValueFitter
{
    const int ChunkRows = 8192;

    public ValueColumns Fit(OpeLog log, IEvaluationPolicy policy, RandomStream random, CancellationToken cancellation)
    {
        var steps = log.Episodes.Steps;
        var values = new ValueColumns(new double[steps], new double[steps]);
        var state = config.V.Length > 0 ? Numbers(log.Columns, config.V) : null;
        if (SingleColumn(log.Columns) is { } action)
        {
            if (state is null)
                throw EvaluateThrow.ValueColumnOfOneAction(config.Q);
            Copy(log, action, values.ActionValues);
        }
        else
        {
            OverActions(log, policy, values, cancellation);
        }

        if (state is not null)
            Copy(log, state, values.StateValues);
        values.RequireFit(steps);
        return values;
    }

    NpyColumn<double>? SingleColumn(TrainingColumns columns) =>
        columns.Info.InfoColumns.Any(c => (c.Name == config.Q || c.Name == "info_" + config.Q) && c.Type != InfoType.Text && c.Width == 0)
            ? columns.InfoColumn(config.Q)
            : null;

    static NpyColumn<double> Numbers(TrainingColumns columns, string name)
    {
        var column = columns.InfoColumn(name);
        return column.Width == 1 ? column : throw EvaluateThrow.ValueColumnWidth(name, column.Width);
    }

    void OverActions(OpeLog log, IEvaluationPolicy policy, ValueColumns values, CancellationToken cancellation)
    {
        if (log.Columns.Info.ActionSpace is not DiscreteSpace discrete)
            throw EvaluateThrow.ValueColumnOfOneAction(config.Q);
        var actions = discrete.Count;
        var stored = ActionColumns.Find("the values 'q'", config.Q, log.Columns, actions);
        var logProbabilities = new double[ChunkRows];
        var probabilities = new double[ChunkRows * actions];
        foreach (var (row, first, count) in log.Rows.Chunks(ChunkRows))
        {
            cancellation.ThrowIfCancellationRequested();
            policy.Score(row, logProbabilities.AsSpan(0, count), probabilities.AsSpan(0, count * actions));
            var taken = log.Columns.DiscreteActions!.Slice(row, count);
            for (var i = 0; i < count; i++)
            {
                values.ActionValues[first + i] = stored.Value(row + i, taken[i]);
                for (var a = 0; a < actions; a++)
                {
                    // What is never taken needs no value.
                    var probability = probabilities[(i * actions) + a];
                    values.StateValues[first + i] += probability == 0 ? 0 : probability * stored.Value(row + i, a);
                }
            }
        }
    }

    static void Copy(OpeLog log, NpyColumn<double> column, double[] values)
    {
        foreach (var (row, first, count) in log.Rows.Chunks(ChunkRows))
            column.Slice(row, count).CopyTo(values.AsSpan(first));
    }
}
