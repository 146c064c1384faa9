using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OfflineRL.Tests.Evaluate.Html;

/// <summary>One headless Chromium for a class of tests, spoken to by its DevTools protocol. Where there is none, tests skip, saying so.</summary>
public sealed class Browser : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-browser-").FullName;
    readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _waiting = new();
    readonly ConcurrentQueue<JsonNode> _events = new();
    readonly ClientWebSocket _socket = new();
    readonly SemaphoreSlim _sending = new(1);
    Process? _process;
    string? _session;
    int _last;

    /// <summary>The program, or null.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(d => new[] { Path.Combine(d, "chromium"), Path.Combine(d, "chromium-browser"), Path.Combine(d, "google-chrome") }).FirstOrDefault(File.Exists);

    /// <summary>Starts it where it does not run yet.</summary>
    public async Task StartAsync()
    {
        Assert.SkipWhen(Program is null, "chromium is not on this system: apt-get install chromium");
        if (_process is not null)
            return;
        _process = Process.Start(new ProcessStartInfo(Program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={_folder}", "about:blank"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var address = "";
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("DevTools listening on ", StringComparison.Ordinal))
            {
                address = line["DevTools listening on ".Length..];
                break;
            }
        }

        Assert.True(address.Length > 0, "chromium ended without saying where it listens.");
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        await _socket.ConnectAsync(new Uri(address), default);
        _ = ReceiveAsync();
        var target = await SendAsync("Target.createTarget", new() { ["url"] = "about:blank" });
        _session = (string)(await SendAsync("Target.attachToTarget", new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true }))["sessionId"]!;
        foreach (var domain in (string[])["Runtime", "Log", "Page", "Network"])
            await SendAsync($"{domain}.enable", []);
    }

    /// <summary>Opens a page of a file and waits until its plots are drawn.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="width">Of the window, in CSS pixels.</param>
    /// <param name="hasPlots">Whether there are plots to wait for.</param>
    public async Task OpenAsync(string path, int width, bool hasPlots = true)
    {
        _events.Clear();
        await SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500 });
        await SendAsync("Page.navigate", new() { ["url"] = new Uri(path).AbsoluteUri });
        // A page of before may answer for a moment: this one says which it is.
        var ready = $"location.href === {JsonSerializer.Serialize(new Uri(path).AbsoluteUri)} && document.readyState === 'complete' && {(hasPlots ? "document.documentElement.dataset.plots === 'drawn'" : "true")}";
        for (var started = Stopwatch.GetTimestamp(); !(await EvaluateAsync(ready)).GetValue<bool>(); await Task.Delay(20))
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(60))
                Assert.Fail($"{path} was not drawn within a minute: {string.Join('\n', Complaints())}");
        }
    }

    /// <summary>What an expression is worth on the page, as JSON has it.</summary>
    public async Task<JsonNode> EvaluateAsync(string expression)
    {
        var result = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(result["exceptionDetails"] is null, result.ToJsonString());
        return result["result"]!["value"]!;
    }

    /// <summary>The page on paper; how many sheets there are.</summary>
    public async Task<int> PrintAsync()
    {
        var result = await SendAsync("Page.printToPDF", new() { ["preferCSSPageSize"] = true, ["printBackground"] = true });
        var pdf = Encoding.Latin1.GetString(Convert.FromBase64String((string)result["data"]!));
        return pdf.Split("/Type /Page\n").Length - 1;
    }

    /// <summary>Errors, warnings and exceptions since the page was opened.</summary>
    public IReadOnlyList<string> Complaints() => [.. _events.Where(e => (string)e["method"]! is "Runtime.exceptionThrown" or "Runtime.consoleAPICalled" or "Log.entryAdded").Select(e => e.ToJsonString())];

    /// <summary>Addresses that were asked for since the page was opened, apart from those within it.</summary>
    public IReadOnlyList<string> Requests() => [.. _events.Where(e => (string)e["method"]! == "Network.requestWillBeSent").Select(e => (string)e["params"]!["request"]!["url"]!).Where(u => !u.StartsWith("data:", StringComparison.Ordinal))];

    public void Dispose()
    {
        _socket.Dispose();
        _sending.Dispose();
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }

        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A child of the browser may still be writing its last; the folder is a temporary one.
        }
    }

    async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = _waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
            message["sessionId"] = _session;
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, default);
        }
        finally
        {
            _sending.Release();
        }

        var node = await answer.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(node["error"] is null, node.ToJsonString());
        return node["result"]!;
    }

    async Task ReceiveAsync()
    {
        var buffer = new byte[1 << 16];
        using var whole = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer, default);
                if (part.MessageType == WebSocketMessageType.Close)
                    return;
                whole.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                var node = JsonNode.Parse(whole.ToArray())!;
                whole.SetLength(0);
                if (node["id"] is { } id && _waiting.TryRemove((int)id, out var waiting))
                    waiting.SetResult(node);
                else if (node["method"] is not null)
                    _events.Enqueue(node);
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The end of the browser.
        }
    }
}
