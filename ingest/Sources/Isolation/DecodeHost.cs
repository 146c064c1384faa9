using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// The other side of <see cref="DecodeProcess"/>: reads one order from standard input, limits itself, decodes, and reports in lines
/// on standard output. Ends by itself where standard input is closed, so that it does not outlive who asked.
/// </summary>
public static class DecodeHost
{
    /// <returns>The exit code: 0 where the last line says that all is done, 2 where it says what is wrong.</returns>
    public static int Run(TextReader input, TextWriter output)
    {
        var order = JsonSerializer.Deserialize<DecodeOrder>(input.ReadLine() ?? "null", DecodeReport.Json)
            ?? throw new UserErrorException("This command is for the tool's own use: it reads an order from standard input.");
        ProcessLimits.Apply(order.MemoryBytes, order.CpuSeconds);
        new Thread(() => ExitAtEnd(input)) { IsBackground = true }.Start();
        using var reports = new Reports(output);
        try
        {
            var result = Decode(order, reports);
            reports.Send(new DecodeReport { Done = result });
            return 0;
        }
        catch (UserErrorException e)
        {
            reports.Send(new DecodeReport { Error = e.Message });
            return 2;
        }
        catch (DuckDbException e)
        {
            reports.Send(new DecodeReport { Error = Throw.Unreadable(order.Paths, e).Message });
            return 2;
        }
        catch (Exception e) when (e is OutOfMemoryException or OverflowException)
        {
            reports.Send(new DecodeReport { Error = Throw.DecoderDied(order.Paths, "needed more memory than it may take", "").Message });
            return 2;
        }
    }

    static DecodeResult Decode(DecodeOrder order, Reports reports)
    {
        using var database = DuckDbDatabase.OpenInMemory(new DuckDbOptions { Threads = 1, MemoryLimit = $"{Math.Max(128, order.MemoryBytes / 4 >> 20)}MiB" });
        using var connection = database.Connect();
        using var rejects = new RejectSpool(Path.Combine(order.Folder, "rejects"));
        using var writer = new StagedWriter(connection, order.Folder, reports.Rows);
        var request = new SourceRequest
        {
            Paths = order.Paths,
            Config = ExportedMap.Parse("the order", order.Config),
            Connection = connection,
            StagingFolder = order.Folder,
            Rejects = rejects,
        };
        var map = SourceReaders.Staged(order.Format).Decode(request, writer);
        request.Notes.ForEach(note => reports.Send(new DecodeReport { Note = note }));
        foreach (var empty in request.Empty.Files)
            reports.Send(new DecodeReport { Empty = empty });
        foreach (var row in rejects.Read())
            reports.Send(new DecodeReport { Reject = row });
        return new DecodeResult(writer.Columns, writer.Parts, ExportedMap.Write(map));
    }

    static void ExitAtEnd(TextReader input)
    {
        while (input.ReadLine() is not null)
        {
        }

        Environment.Exit(3);
    }

    /// <summary>Lines to whoever asked.</summary>
    sealed class Reports(TextWriter output) : IDisposable
    {
        const long Period = 1 << 14;

        long _said = -Period;

        public void Send(DecodeReport report)
        {
            output.WriteLine(JsonSerializer.Serialize(report, DecodeReport.Json));
            output.Flush();
        }

        public void Rows(long rows)
        {
            if (rows < _said + Period)
                return;
            _said = rows;
            Send(new DecodeReport { Rows = rows });
        }

        public void Dispose() => output.Flush();
    }
}
