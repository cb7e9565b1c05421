import java.io.File;
import java.io.FileOutputStream;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.formats.RDFXMLDocumentFormat;
import org.semanticweb.owlapi.model.IRI;
import org.semanticweb.owlapi.model.MissingImportHandlingStrategy;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.model.OWLOntologyLoaderConfiguration;
import org.semanticweb.owlapi.model.OWLOntologyManager;

/**
 * Reads each file as an ontology portal's wrapper does, and writes it again as RDF/XML: what is missing there, a portal
 * never sees. Arguments: pairs of input and output. Prints one line per pair: ontology IRI, version IRI, annotations of
 * the header, axioms, imports; tab-separated, "anonymous" where there is no IRI.
 */
public class OwlRoundTrip {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i + 1 < args.length; i += 2) {
            OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
            manager.setOntologyLoaderConfiguration(new OWLOntologyLoaderConfiguration()
                .setMissingImportHandlingStrategy(MissingImportHandlingStrategy.SILENT)
                .setFollowRedirects(false));
            OWLOntology ontology = manager.loadOntologyFromOntologyDocument(new File(args[i]));
            try (FileOutputStream out = new FileOutputStream(args[i + 1])) {
                manager.saveOntology(ontology, new RDFXMLDocumentFormat(), out);
            }
            String iri = ontology.getOntologyID().getOntologyIRI().isPresent()
                ? ontology.getOntologyID().getOntologyIRI().get().toString() : "anonymous";
            String version = ontology.getOntologyID().getVersionIRI().isPresent()
                ? ontology.getOntologyID().getVersionIRI().get().toString() : "";
            System.out.println(iri + "\t" + version + "\t" + ontology.annotations().count() + "\t"
                + ontology.getAxiomCount() + "\t" + ontology.importsDeclarations().count());
        }
    }
}
