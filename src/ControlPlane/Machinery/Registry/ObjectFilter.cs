using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>A label and a field selector of one request over one resource.</summary>
internal sealed class ObjectFilter
{
    private readonly ResourceDescriptor _descriptor;
    private readonly LabelSelectorExpression? _labels;
    private readonly IReadOnlyList<FieldRequirement> _fields;

    /// <exception cref="StatusException">A selector that cannot be read, or a field the resource does not offer.</exception>
    public ObjectFilter(ResourceDescriptor descriptor, string? labelSelector, string? fieldSelector)
    {
        _descriptor = descriptor;
        try
        {
            _labels = string.IsNullOrEmpty(labelSelector) ? null : LabelSelectorExpression.Parse(labelSelector);
            _fields = FieldSelector.Parse(fieldSelector ?? "").Requirements;
        }
        catch (FormatException failure)
        {
            throw StatusException.BadRequest(failure.Message);
        }

        if (_fields.FirstOrDefault(term => !IsKnown(term.Field)) is { } unknown)
        {
            throw StatusException.BadRequest(Unsupported(unknown.Field));
        }
    }

    public bool IsEmpty => _labels is null && _fields.Count == 0;

    /// <summary>The one name the field selector leaves, if it does: such a request need not look at other objects.</summary>
    public string? SingleName => _fields.FirstOrDefault(term => term is { Field: "metadata.name", Equal: true })?.Value;

    public bool Matches(StoredObject obj)
    {
        if (_labels is not null && !_labels.Matches(obj.Labels))
        {
            return false;
        }

        foreach (var term in _fields)
        {
            if (obj.FieldValue(_descriptor, term.Field) == term.Value != term.Equal)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsKnown(string field) =>
        field == "metadata.name" || (field == "metadata.namespace" && _descriptor.Names.Namespaced) || _descriptor.FieldLabels.Contains(field);

    // Kinds with fields of their own and kinds with metadata only have different conversions upstream, and different words.
    private string Unsupported(string field) => _descriptor.FieldLabels.Count > 0 || _descriptor.IsCustom
        ? $"field label not supported: {field}"
        : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
}
