using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Decodes files in a process of the same tool, with limits of memory, processor time and silence: what a stranger's file does to a
/// library in C ends that process, and becomes one message here.
/// </summary>
static class DecodeProcess
{
    const long MiB = 1 << 20;
    const int MostOutput = 2000;

    /// <exception cref="UserErrorException">The files cannot be used, or the process did not live to the end.</exception>
    public static SourceTable Open(SourceFormat format, SourceRequest request)
    {
        var folder = Path.Combine(request.StagingFolder, "decoded");
        Directory.CreateDirectory(folder);
        // Unless it is set: ten minutes, and a second more for each MiB.
        var seconds = Setting("OFFLINERL_DECODE_SECONDS", 600 + (request.Paths.Sum(p => new FileInfo(p).Length) / MiB));
        var order = new DecodeOrder(
            format,
            [.. request.Paths.Select(Path.GetFullPath)],
            folder,
            Config.ToYaml(request.Config),
            Setting("OFFLINERL_DECODE_MEMORY", 2048) * MiB,
            (int)Math.Min(int.MaxValue / 2, seconds));
        using var process = Start(order.MemoryBytes);
        // A second of the processor takes many on a machine that does much else: only what waits for nothing is silent for so long.
        var result = Follow(process, order, request, TimeSpan.FromSeconds(Math.Clamp(seconds, 30, 120)));
        return StagedWriter.ToTable(request, result.Columns, result.Parts, ExportedMap.Parse(request.Paths[0], result.Map));
    }

    static Process Start(long memoryBytes)
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "offlinerl");
        var tool = File.Exists(beside) ? beside : File.Exists(beside + ".exe") ? beside + ".exe" : throw Throw.NoTool();
        var start = new ProcessStartInfo(tool, ["decode"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // The runtime's own heap: half of what the process may take, in hexadecimal.
        start.Environment["DOTNET_GCHeapHardLimit"] = (memoryBytes / 2).ToString("X", CultureInfo.InvariantCulture);
        return Process.Start(start) ?? throw Throw.NoTool();
    }

    static DecodeResult Follow(Process process, DecodeOrder order, SourceRequest request, TimeSpan silence)
    {
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                if (errors.Length < MostOutput && !string.IsNullOrWhiteSpace(line.Data))
                    errors.Append(line.Data.Trim()).Append(' ');
            }
        };
        process.BeginErrorReadLine();
        var hung = false;
        using var watch = new Timer(_ =>
        {
            hung = true;
            Kill(process);
        });
        using var cancel = request.Cancellation.Register(() => Kill(process));
        DecodeReport? last = null;
        try
        {
            watch.Change(silence, Timeout.InfiniteTimeSpan);
            process.StandardInput.WriteLine(JsonSerializer.Serialize(order, DecodeReport.Json));
            process.StandardInput.Flush();
            while (process.StandardOutput.ReadLine() is { } line)
            {
                watch.Change(silence, Timeout.InfiniteTimeSpan);
                last = JsonSerializer.Deserialize<DecodeReport>(line, DecodeReport.Json);
                Take(last, request);
            }

            process.WaitForExit();
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // It ended while it was being told, or in the middle of a line.
            Kill(process);
            process.WaitForExit();
        }
        finally
        {
            Kill(process);
        }

        request.Cancellation.ThrowIfCancellationRequested();
        if (last?.Done is { } done && process.ExitCode == 0)
            return done;
        if (last?.Error is { } error)
            throw new UserErrorException(error);
        string said;
        lock (errors)
            said = errors.ToString().Trim();
        throw Throw.DecoderDied(request.Paths, hung ? FormattableString.Invariant($"said nothing for {silence.TotalSeconds} seconds and was ended") : HowItEnded(process.ExitCode), said);
    }

    static void Take(DecodeReport? report, SourceRequest request)
    {
        if (report?.Rows is { } rows)
            request.Progress.Report("decoding", rows, 0);
        if (report?.Note is { } note)
            request.Notes.Add(note);
        if (report?.Reject is { } reject)
            request.Rejects.Add(reject);
        if (report?.Empty is { } empty)
            request.Empty.Add(empty);
    }

    static string HowItEnded(int code) => code switch
    {
        128 + 9 => "was killed",
        128 + 24 => "used up its processor time",
        > 128 => FormattableString.Invariant($"crashed (signal {code - 128})"),
        _ => FormattableString.Invariant($"ended with exit code {code}"),
    };

    static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    static long Setting(string name, long normally) =>
        Environment.GetEnvironmentVariable(name) is not { Length: > 0 } text ? normally
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value
        : throw new UserErrorException($"{name} is '{text}'; expected a whole number above 0.");
}
