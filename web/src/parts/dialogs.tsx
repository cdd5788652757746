import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { KEYS } from "../keys.ts";

/** All keys. */
export function Help({ close }: { close: () => void }) {
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => (isOpen ? undefined : close())}>
      <Modal className="card modal">
        <Dialog aria-label="Keys">
          <div className="h">
            <Heading slot="title">Keys</Heading>
            <Button className="btn q r" onPress={close}>
              Close
            </Button>
          </div>
          <dl className="kv pad">
            {KEYS.map(([key, what]) => (
              <div key={key} style={{ display: "contents" }}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Says what will happen before it does; the button says the verb. */
export function Confirm({ text, verb, answer }: { text: string; verb: string; answer: (isMeant: boolean) => void }) {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className="overlay"
      onOpenChange={(isOpen) => (isOpen ? undefined : answer(false))}
    >
      <Modal className="card modal">
        <Dialog role="alertdialog" aria-label={verb}>
          <div className="pad col">
            <Heading slot="title">{verb}?</Heading>
            <p className="mid">{text}</p>
            <div className="flex">
              <Button autoFocus className="btn" onPress={() => answer(false)}>
                Leave it
              </Button>
              <Button className="btn p" onPress={() => answer(true)}>
                {verb}
              </Button>
            </div>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
