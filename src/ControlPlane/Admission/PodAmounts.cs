using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Admission;

/// <summary>What a pod as a whole requests and may use: its containers beside its sidecars, or what its start needs if that is more (KEP-753).</summary>
internal static class PodAmounts
{
    public static ResourceAmounts Requests(JsonObject spec) => Of(spec, "requests");

    public static ResourceAmounts Limits(JsonObject spec) => Of(spec, "limits");

    private static ResourceAmounts Of(JsonObject spec, string which)
    {
        var total = new ResourceAmounts();
        foreach (var container in spec.Objects("containers"))
        {
            total.Add(ResourceAmounts.Of(container.Object("resources", which)));
        }

        var sidecars = new ResourceAmounts();
        var start = new ResourceAmounts();
        foreach (var container in spec.Objects("initContainers"))
        {
            var own = ResourceAmounts.Of(container.Object("resources", which));
            if (container.Text("restartPolicy") == "Always")
            {
                total.Add(own);
                sidecars.Add(own);
                own = sidecars;
            }
            else
            {
                own.Add(sidecars);
            }

            start.RaiseTo(own);
        }

        total.RaiseTo(start);
        var overhead = ResourceAmounts.Of(spec.Object("overhead"));
        total.Add(which == "requests" ? overhead : overhead.Only(total.ContainsKey));
        return total;
    }
}
