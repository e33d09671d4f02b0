using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>The body of a watch, line by line.</summary>
internal sealed class RawWatch(HttpResponseMessage answer, Stream body) : IDisposable
{
    private readonly StreamReader _lines = new(body);

    /// <summary>The next event; null when the server ended the watch.</summary>
    public async Task<JsonObject?> NextAsync() =>
        await _lines.ReadLineAsync(RawServer.Cancellation) is { } line ? (JsonObject)JsonNode.Parse(line)! : null;

    /// <summary>Everything up to the end of the watch.</summary>
    public async Task<List<JsonObject>> RestAsync()
    {
        var events = new List<JsonObject>();
        while (await NextAsync() is { } change)
        {
            events.Add(change);
        }

        return events;
    }

    public void Dispose()
    {
        _lines.Dispose();
        answer.Dispose();
    }
}
