import "./style.css";

document.body.dataset.ready = "yes";
