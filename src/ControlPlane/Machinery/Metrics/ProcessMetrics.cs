using Dataplane.Hosting;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>The process_* families that every Prometheus client has.</summary>
internal static class ProcessMetrics
{
    public static void Write(ExpositionWriter text)
    {
        foreach (var figure in ProcessFigures.All)
        {
            text.Single(figure.Name, figure.IsCounter ? "counter" : "gauge", figure.Help, figure.Value());
        }
    }
}
