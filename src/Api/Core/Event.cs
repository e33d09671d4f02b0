using System.Text.Json.Serialization;
using Dataplane.Api.Json;

namespace Dataplane.Api;

/// <summary>core/v1 Event.</summary>
public sealed record Event : IResource<Event>
{
    public static ResourceType Resource { get; } = new("", "v1", "Event", "events", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Event";
    public ObjectMeta Metadata { get; set; } = new();
    public ObjectReference InvolvedObject { get; set; } = new();

    /// <summary>A word for programs: <c>Scheduled</c>.</summary>
    public string? Reason { get; set; }

    public string? Message { get; set; }
    public EventSource Source { get; set; } = new();
    public DateTimeOffset? FirstTimestamp { get; set; }
    public DateTimeOffset? LastTimestamp { get; set; }
    public int? Count { get; set; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; set; }

    public EventSeries? Series { get; set; }
    public string? Action { get; set; }
    public ObjectReference? Related { get; set; }
    public string? ReportingComponent { get; set; }
    public string? ReportingInstance { get; set; }
}

public sealed record EventSource
{
    public string? Component { get; set; }
    public string? Host { get; set; }
}

public sealed record EventSeries
{
    public int? Count { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? LastObservedTime { get; set; }
}
