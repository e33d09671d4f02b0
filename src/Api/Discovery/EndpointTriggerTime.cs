using System.Globalization;

namespace Dataplane.Api;

/// <summary>
/// When the change came about that a slice, or an Endpoints object, tells of: its controller notes it, and who puts it into force measures from it.
/// Source: k8s.io/api/core/v1, EndpointsLastChangeTriggerTime.
/// </summary>
public static class EndpointTriggerTime
{
    public const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>Null when the slice does not say.</summary>
    public static DateTimeOffset? Of(EndpointSlice slice) =>
        slice.Metadata.Annotations.TryGetValue(Annotation, out var text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
